"""`python -m tests.hosts.forward SOCKET ADDRESS PORT`: a way into the network from outside.

Sockets in the file system belong to no network. Run on a host, this gives the tests, which run outside, that host's own
connection to ADDRESS, with its own address as the sender.
"""

import asyncio
import sys
from contextlib import closing, suppress

PIECE_BYTES = 64 * 1024


async def main(path: str, address: str, port: int) -> None:
    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            there_reader, there_writer = await asyncio.open_connection(address, port)
            with closing(there_writer):
                ways = [asyncio.create_task(_pump(reader, there_writer)), asyncio.create_task(_pump(there_reader, writer))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    server = await asyncio.start_unix_server(forward, path)
    async with server:
        await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
