"""Accepts TLS connections on a port of 127.0.0.1, and forwards them to a Unix socket.

Valkey's packages are built without TLS. The proxy adds it, so that clients connect as they do to
ElastiCache.
"""

import asyncio
import contextlib
import ssl
import threading
from pathlib import Path

HOST = "127.0.0.1"
_BUFFER_BYTES = 65536


class TlsProxy:
    """A proxy that runs in a thread of its own until it is stopped."""

    def __init__(self, context: ssl.SSLContext, target: Path) -> None:
        """Start the proxy on a free port, in front of the socket `target`."""
        self._context = context
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        started = asyncio.run_coroutine_threadsafe(self._listen(), self._loop)
        self._server = started.result()
        self.port = int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Close every connection and the port."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._forward, HOST, 0, ssl=self._context)

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            target_reader, target_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            # The server has ended: the client finds its connection closed.
            writer.close()
            return
        directions = [
            asyncio.ensure_future(_copy(reader, target_writer)),
            asyncio.ensure_future(_copy(target_reader, writer)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            writer.close()
            target_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
