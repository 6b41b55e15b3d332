"""Listen at doors, or knock at them: PORT/tcp or PORT/udp. What a pod of a test runs in its network.

python doors.py listen ADDRESS:PORT/PROTOCOL…     prints "ready", and answers until it is killed
python doors.py knock                             prints, for each line of doors that it reads, which open
"""

import asyncio
import sys
from contextlib import suppress

PATIENCE = 1.5  # seconds: a closed door is one that says nothing, and a lost packet is sent again after one
AGAIN = 0.4  # seconds until a datagram is sent again
HELLO = b"hello"


class Echo(asyncio.DatagramProtocol):
    """Answers each datagram by itself, or notes that there was an answer."""

    def __init__(self, answered: "asyncio.Event | None" = None) -> None:
        self.answered = answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: "tuple[str, int]") -> None:
        if self.answered:
            self.answered.set()
        else:
            self.transport.sendto(data, address)  # type: ignore[attr-defined]


def parsed(door: str) -> tuple[str, int, str]:
    """Its address, port and protocol."""
    where, protocol = door.split("/")
    address, port = where.split(":")
    return address, int(port), protocol


async def listen(*doors: str) -> None:
    """Answer at all doors, for ever."""
    loop = asyncio.get_running_loop()
    for address, port, protocol in map(parsed, doors):
        if protocol == "udp":
            await loop.create_datagram_endpoint(Echo, local_addr=(address, port))
        else:
            await asyncio.start_server(lambda _, writer: writer.close(), address, port)
    print("ready", flush=True)
    await asyncio.Event().wait()


def knock() -> None:
    """Print which doors of a line open, all tried at once; and so on."""
    for line in sys.stdin:
        print(*asyncio.run(opening(line.split())), flush=True)


async def opening(doors: "list[str]") -> "list[str]":
    """Those that open."""
    opened = await asyncio.gather(*(opens(door) for door in doors))
    return [door for door, yes in zip(doors, opened, strict=True) if yes]


async def opens(door: str) -> bool:
    """Whether somebody answers; where nobody listens, that is an error: the test has it wrong."""
    address, port, protocol = parsed(door)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await (datagram if protocol == "udp" else connect)(address, port)
            return True
    return False


async def connect(address: str, port: int) -> None:
    """Return when there is a connection."""
    _, writer = await asyncio.open_connection(address, port)
    writer.close()


async def datagram(address: str, port: int) -> None:
    """Return when there is an answer."""
    answered = asyncio.Event()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Echo(answered), remote_addr=(address, port))
    try:
        while not answered.is_set():
            transport.sendto(HELLO)
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), AGAIN)
    finally:
        transport.close()


if __name__ == "__main__":
    if sys.argv[1] == "listen":
        asyncio.run(listen(*sys.argv[2:]))
    else:
        knock()
