"""One address for `make run`: the stream's path to its own process, everything else to gunicorn.

On servers nginx does this. Each connection carries one request, so its first line says where it goes.
"""

import argparse
import asyncio
from contextlib import suppress

HEAD_SECONDS = 60
BLOCK = 64 * 1024
AWAY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Front:
    def __init__(self, web: int, stream: int):
        self.web, self.stream = web, stream

    async def serve(self, reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
            await self.pass_on(head, reader, writer)
        writer.close()

    async def pass_on(self, head, reader, writer):
        is_stream = head.split(b" ", 2)[1].startswith(b"/stream/")
        try:
            answer, request = await asyncio.open_connection("127.0.0.1", self.stream if is_stream else self.web)
        except OSError:
            writer.write(AWAY)
            return await writer.drain()
        request.write(head if is_stream else whence(writer) + head)
        ways = [asyncio.create_task(copy(reader, request)), asyncio.create_task(copy(answer, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        request.close()


def whence(writer) -> bytes:
    """The PROXY protocol's line: gunicorn sees who asked, not this process."""
    source, here = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    kind = "TCP6" if ":" in source[0] else "TCP4"
    return f"PROXY {kind} {source[0]} {here[0]} {source[1]} {here[1]}\r\n".encode()


async def copy(source, target):
    with suppress(OSError):
        while block := await source.read(BLOCK):
            target.write(block)
            await target.drain()


async def main(options):
    front = Front(options.web, options.stream)
    server = await asyncio.start_server(front.serve, options.host, options.port, limit=BLOCK)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--web", type=int, required=True)
    parser.add_argument("--stream", type=int, required=True)
    asyncio.run(main(parser.parse_args()))
