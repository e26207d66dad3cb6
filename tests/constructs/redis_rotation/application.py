"""The application's side of a rotation: it has a token for as long as nobody brings another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.constructs.redis_rotation.aws import Aws

_LAG_SECONDS = 0.05
"""How long the application keeps its token after a new one is current. On AWS: minutes."""


@dataclass
class Application:
    """Logs in to every node, again and again."""

    logins: int = 0
    refusals: list[str] = field(default_factory=list)

    def wait_for(self, logins: int) -> None:
        """Wait until it has logged in that often from now on."""
        goal, give_up = self.logins + logins, time.monotonic() + 10
        while self.logins < goal:
            assert time.monotonic() < give_up, "the application stands still"
            time.sleep(0.005)


@contextmanager
def running_application(aws: Aws) -> Iterator[Application]:
    """Let the application run meanwhile; it must never have been refused."""
    application, ended = Application(), threading.Event()
    thread = threading.Thread(target=_run, args=(aws, application, ended))
    thread.start()
    try:
        application.wait_for(2)
        yield application
        time.sleep(2 * _LAG_SECONDS)
        application.wait_for(2)
    finally:
        ended.set()
        thread.join(10)
    assert application.refusals == []


def _run(aws: Aws, application: Application, ended: threading.Event) -> None:
    token, fetched = aws.current(), time.monotonic()
    while not ended.is_set():
        latest = aws.current()
        if latest == token:
            fetched = time.monotonic()
        elif time.monotonic() - fetched > _LAG_SECONDS:
            token = latest
        for node in aws.nodes:
            if not node.takes(token):
                application.refusals.append(f"{node.node}: {token}, current is {aws.current()}")
        application.logins += 1
        time.sleep(0.005)
