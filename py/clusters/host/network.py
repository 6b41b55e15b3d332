"""Which addresses a cluster gets: a small subnet for the cable between the machine and its box.

Pods and services have the same addresses in every cluster: nobody outside the box sees them.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from py.tools.errors import ClusterError

PODS = IPv4Network("10.244.0.0/16")
NODE_PODS = IPv4Network("10.244.0.0/24")
SERVICES = IPv4Network("10.96.0.0/16")
API_SERVICE = str(SERVICES[1])
DNS_SERVICE = str(SERVICES[10])
CABLES = IPv4Network("10.213.0.0/16")
_ROUTE_UP, _DEFAULT = 1, 0
_DELETE_LINK, _REQUEST_ACK = 17, 1 | 4  # of rtnetlink(7)


@dataclass(frozen=True)
class Cable:
    """The link with a number: its interface on the machine, and the addresses of its two ends."""

    number: int

    @property
    def subnet(self) -> IPv4Network:
        """The link's own addresses."""
        return IPv4Network((int(CABLES.network_address) + self.number * 256, 24))

    @property
    def interface(self) -> str:
        """The machine's end."""
        return f"wt{self.number}"

    @property
    def host(self) -> str:
        """The machine's address."""
        return str(self.subnet[1])

    @property
    def node(self) -> str:
        """The box's address: where the API server answers."""
        return str(self.subnet[2])

    @property
    def proxy(self) -> str:
        """Where the box's containerd reaches registries through the machine."""
        return f"{self.host}:13128"

    def cut(self) -> None:
        """Take the link away, both ends; fine if it is not there.

        A connection that nobody ended well keeps a dead box's network, and so the link, for minutes.
        """
        try:
            index = socket.if_nametoindex(self.interface)
        except OSError:
            return
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW) as kernel:
            kernel.send(struct.pack("=IHHIIBxHiII", 32, _DELETE_LINK, _REQUEST_ACK, 0, 0, 0, 0, index, 0, 0))
            error = -struct.unpack_from("=i", kernel.recv(4096), 16)[0]
        if error not in (0, errno.ENODEV):  # it may go by itself meanwhile
            raise ClusterError(f"the interface {self.interface} stays: {os.strerror(error)}")


def free_cable(taken: Iterable[int]) -> Cable:
    """The first link that no other cluster has and that meets no route or interface of this machine."""
    routes = _routes()
    used = set(taken)
    for number in range(256):
        cable = Cable(number)
        if (
            number not in used
            and not Path("/sys/class/net", cable.interface).exists()
            and not any(cable.subnet.overlaps(route) for route in routes)
        ):
            return cable
    raise ClusterError(f"no free subnet is left in {CABLES}: delete clusters, or routes into it")


def _routes() -> list[IPv4Network]:
    """Where this machine sends what; the default route is no obstacle."""
    lines = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    return [
        IPv4Network((_address(destination), _address(mask)))
        for _, destination, _, flags, _, _, _, mask, *_ in lines
        if int(flags, 16) & _ROUTE_UP and int(mask, 16) != _DEFAULT
    ]


def _address(number: str) -> str:
    return socket.inet_ntoa(struct.pack("=L", int(number, 16)))  # the kernel prints it in its own byte order
