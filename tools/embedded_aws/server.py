"""Runs the embedded AWS: `python -m tools.embedded_aws.server --port N --ready-file PATH`.

It is one process that listens on 127.0.0.1 only, and leaves nothing on the disk when it ends. The
emulator reads its settings from the environment while it is imported. Therefore the server binds
its port first, and imports the emulator last.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.embedded_aws.loopback import confine_to_loopback
from tools.embedded_aws.processes import kill_descendants
from tools.embedded_aws.servers.process import ServerError, create_folder

HOST = "127.0.0.1"
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_REGION = "us-east-1"
GRACE_SECONDS = 0.3
"""The time for open connections to finish after SIGTERM or SIGINT."""


class StartError(Exception):
    """The server cannot start. The text of this error is shown to the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    options = _parse(arguments)
    try:
        listener = _listen(options.port)
        _check_writable(options.ready_file)
    except StartError as error:
        print(f"embedded AWS: {error}", file=sys.stderr)
        return 1
    folder = _create_folder()
    try:
        _prepare_environment(listener.getsockname()[1], folder)
        _log_to(options.ready_file.with_suffix(".log"))
        confine_to_loopback()
        asyncio.run(_serve(listener, options, folder))
    finally:
        _remove(folder)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tools.embedded_aws.server", description=__doc__
    )
    parser.add_argument("--port", type=int, default=0, help="TCP port; 0 takes a free one")
    parser.add_argument("--control-plane-only", action="store_true", help="start no servers")
    parser.add_argument("--ready-file", type=Path, required=True, help="written when it serves")
    return parser.parse_args(arguments)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(f"cannot listen on {HOST}:{port}: {reason}") from error
    return listener


def _check_writable(ready_file: Path) -> None:
    probe = ready_file.with_suffix(".log")
    try:
        probe.write_text("")
        ready_file.unlink(missing_ok=True)
    except OSError as error:
        raise StartError(f"cannot write {ready_file}: {error.strerror}") from error


def _create_folder() -> Path:
    """Create the folder of all files. The user of a server must be able to enter it."""
    try:
        return create_folder("embedded-aws-")
    except ServerError:
        return Path(tempfile.mkdtemp(prefix="embedded-aws-"))


def _prepare_environment(port: int, folder: Path) -> None:
    environment = os.environ
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    account = environment.get("MINISTACK_ACCOUNT_ID") or environment.get("CDK_DEFAULT_ACCOUNT")
    environment.update(
        BIND_HOST=HOST,
        MINISTACK_HOST=HOST,
        GATEWAY_PORT=str(port),
        MINISTACK_REGION=region or DEFAULT_REGION,
        MINISTACK_ACCOUNT_ID=account or DEFAULT_ACCOUNT,
        MINISTACK_ARGS="",
        PERSIST_STATE="0",
        S3_PERSIST="0",
        LOCALSTACK_PERSISTENCE="0",
        S3_DATA_DIR=str(folder / "s3"),
        STATE_DIR=str(folder / "state"),
        TMPDIR=str(folder),
        SFTP_ENABLED="0",
        SFTP_HOST=HOST,
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL=environment.get("LOG_LEVEL", "WARNING"),
    )
    environment.pop("AWS_ENDPOINT_URL", None)
    # Lambda workers run `node` and `python` by name: they must find those of this environment.
    environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), environment["PATH"]))
    tempfile.tempdir = str(folder)


def _log_to(path: Path) -> None:
    logging.basicConfig(
        filename=path,
        level=os.environ["LOG_LEVEL"],
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


async def _serve(listener: socket.socket, options: argparse.Namespace, folder: Path) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from tools.embedded_aws.application import build_embedded_aws

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.graceful_timeout = GRACE_SECONDS
    config.keep_alive_timeout = 75
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    port = listener.getsockname()[1]
    announcing = loop.create_task(_announce(port, options.ready_file, folder))
    embedded_aws = build_embedded_aws(folder, control_plane_only=options.control_plane_only)
    try:
        await serve(embedded_aws.application, config, shutdown_trigger=stop.wait)
    finally:
        if embedded_aws.data_plane:
            embedded_aws.data_plane.stop()
    announcing.cancel()
    options.ready_file.unlink(missing_ok=True)
    _end_at_once(folder)


async def _announce(port: int, ready_file: Path, folder: Path) -> None:
    while True:
        try:
            _reader, writer = await asyncio.open_connection(HOST, port)
            break
        except OSError:
            await asyncio.sleep(0.01)
    writer.close()
    ready: dict[str, Any] = {
        "pid": os.getpid(),
        "port": port,
        "endpoint": f"http://{HOST}:{port}",
        "folder": str(folder),
    }
    draft = ready_file.with_name(f".{ready_file.name}.{os.getpid()}")
    draft.write_text(json.dumps(ready))
    draft.replace(ready_file)


def _end_at_once(folder: Path) -> None:
    """End the process without its threads, which can wait for a Lambda function for an hour."""
    _stop_workers()
    kill_descendants()
    _remove(folder)
    logging.shutdown()
    os._exit(0)


def _stop_workers() -> None:
    """Let the emulator stop its Lambda workers, which would outlive it."""
    runtime = sys.modules.get("ministack.core.lambda_runtime")
    if runtime is not None:
        with contextlib.suppress(Exception):
            runtime.reset()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
