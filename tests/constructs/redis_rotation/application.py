"""A simulated application, which logs in to Redis during a rotation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.constructs.redis_rotation.aws import Aws

_LAG_SECONDS = 0.05
"""The time after which the application uses a new token. On AWS it is minutes."""


@dataclass
class Application:
    """The logins of the application, which logs in to every node repeatedly."""

    logins: int = 0
    refusals: list[str] = field(default_factory=list)

    def wait_for(self, logins: int) -> None:
        """Wait for this number of further logins."""
        goal, deadline = self.logins + logins, time.monotonic() + 10
        while self.logins < goal:
            assert time.monotonic() < deadline, "the application does not log in"
            time.sleep(0.005)


@contextmanager
def running_application(aws: Aws) -> Iterator[Application]:
    """Run the application inside the block. No node may refuse it."""
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
    token, fetched = aws.secret.current(), time.monotonic()
    while not ended.is_set():
        latest = aws.secret.current()
        if latest == token:
            fetched = time.monotonic()
        elif time.monotonic() - fetched > _LAG_SECONDS:
            token = latest
        for node in aws.nodes:
            if not node.accepts(token):
                application.refusals.append(
                    f"{node.address}: {token}, current is {aws.secret.current()}"
                )
        application.logins += 1
        time.sleep(0.005)
