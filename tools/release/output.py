"""Writes reports, messages and ends: as text, redrawn in a terminal, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from tools.release.errors import ExitCode
from tools.release.executions import Execution
from tools.release.outcomes import outcome_of
from tools.release.reader import now
from tools.release.report import ServiceReport, to_json, to_text, wrapped

_UP_AND_CLEAR = "\x1b[{lines}F\x1b[J"
"""Moves the cursor up, to the first column, and clears the rest of the screen (ECMA-48)."""


class Output:
    """Where and how a command writes."""

    def __init__(self, stream: TextIO, *, as_json: bool) -> None:
        self._stream = stream
        self.as_json = as_json
        self._redraws = stream.isatty() and not as_json
        self._last = ""
        self._drawn_lines = 0

    def report(self, reports: Sequence[ServiceReport]) -> None:
        """Write the state of services. A terminal shows the last report only.

        Elsewhere, a report is written when something other than the time has changed.
        """
        states = json.dumps([to_json(report) for report in reports])
        if states == self._last and not self._redraws:
            return
        self._last = states
        if self.as_json:
            for report in reports:
                self._write(json.dumps(to_json(report)))
            return
        text = "\n".join(to_text(report, now()) for report in reports)
        clear = _UP_AND_CLEAR.format(lines=self._drawn_lines) if self._drawn_lines else ""
        self._write(clear + text)
        if self._redraws:
            self._drawn_lines = len(text.splitlines())

    def message(self, text: str) -> None:
        """Write a message; with JSON there are none."""
        self._drawn_lines = 0
        if not self.as_json:
            self._write(wrapped(text))

    def end(self, execution: Execution) -> ExitCode:
        """Write how an execution has ended; return the exit code."""
        outcome = outcome_of(execution)
        if self.as_json:
            found = {"execution": execution.arn, "outcome": outcome.text}
            self._write(json.dumps(found | {"exit_code": int(outcome.exit_code)}))
        else:
            self.message(f"{execution.name}: {outcome.text}")
        return outcome.exit_code

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
