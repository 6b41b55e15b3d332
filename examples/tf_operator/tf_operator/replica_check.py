"""What a replica of the end-to-end test does: prove that its TF_CONFIG is true.

It makes sure that it is placed at its own service, listens there, reaches itself by name, then every other
replica. It has succeeded when it has reached all the others and each of them has told it the same: so the
success of the chief speaks for all. A parameter server, as a real one, then serves until it is taken away.
"""

import argparse
import json
import os
import signal
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

# Seconds. The others may have yet to start, and DNS may hold for half a minute that a name is unknown.
PATIENCE = 60.0
RETRY = 0.1

RESOLV_CONF = Path("/etc/resolv.conf")

ARRIVED, COMPLETE = "arrived", "complete"


class CheckFailed(Exception):
    """TF_CONFIG does not hold what it promises."""


class ReplicaCheck:
    """One replica among those of a cluster spec."""

    def __init__(self, tf_config: str, patience: float = PATIENCE) -> None:
        self.addresses, self.name = read_config(tf_config)
        self.others = [name for name in self.addresses if name != self.name]
        self._patience = patience
        self._complete: set[str] = set()
        self._heard = threading.Condition()

    def run(self) -> None:
        """Reach everybody and be reached by everybody; CheckFailed says whom it could not reach, and why."""
        deadline = time.monotonic() + self._patience
        self._visit(self.name, ARRIVED, deadline)
        self.say("reached itself")
        for news in (ARRIVED, COMPLETE):
            for other in self.others:
                self._visit(other, news, deadline)
        self.say(f"reached {', '.join(self.others)}")
        self._wait_until_all_are_complete(deadline)
        self.say("so did all the others")

    def require_place(self, names: Sequence[str]) -> None:
        """CheckFailed if the replica's own address has none of these names: nobody would find it there."""
        host, _ = split_address(self.addresses[self.name])
        if host not in names:
            raise CheckFailed(f"TF_CONFIG places {self.name} at {host}, which is not its service {names[-1]}")

    def say(self, text: str) -> None:
        """A line of the log, under the replica's name."""
        print(f"{self.name}: {text}", flush=True)

    def hear(self, visitor: str, news: str) -> None:
        """A replica came by with its news."""
        with self._heard:
            if news == COMPLETE:
                self._complete.add(visitor)
                self._heard.notify()

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be reachable at the replica's own address; no check works without."""
        check = self

        class Handler(socketserver.StreamRequestHandler):
            """A visit: one line each way."""

            def handle(self) -> None:
                """Take the visitor's news and say who is at home."""
                visitor, _, news = self.rfile.readline().decode().strip().partition(" ")
                check.hear(visitor, news)
                self.wfile.write(f"{check.name}\n".encode())

        class Server(socketserver.ThreadingTCPServer):
            """Its threads do not keep the process."""

            allow_reuse_address = True
            daemon_threads = True

        server = Server(("", split_address(self.addresses[self.name])[1]), Handler)
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        self.say(f"listening at {self.addresses[self.name]}")
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def _visit(self, name: str, news: str, deadline: float) -> None:
        address = self.addresses[name]
        began = time.monotonic()
        while True:
            try:
                with socket.create_connection(split_address(address), timeout=2) as connection:
                    connection.sendall(f"{self.name} {news}\n".encode())
                    answer = connection.makefile().readline().strip()
            except OSError as error:
                if time.monotonic() > deadline:
                    whom = "itself" if name == self.name else name
                    waited = f"{time.monotonic() - began:.0f} s"
                    raise CheckFailed(f"cannot reach {whom} at {address} in {waited}: {error}") from error
                time.sleep(RETRY)
            else:
                if answer != name:
                    raise CheckFailed(f"{address} should be {name} but is {answer or 'silent'}")
                return

    def _wait_until_all_are_complete(self, deadline: float) -> None:
        with self._heard:
            while missing := sorted(set(self.others) - self._complete):
                if not self._heard.wait(deadline - time.monotonic()):
                    raise CheckFailed(f"{', '.join(missing)} did not reach everybody")


def read_config(text: str) -> tuple[dict[str, str], str]:
    """The address of each replica, by a name such as `worker/0`, and one's own name.

    CheckFailed if the text is not a TF_CONFIG.
    """
    try:
        config = json.loads(text)
        addresses = {
            f"{kind}/{index}": address
            for kind, members in config["cluster"].items()
            for index, address in enumerate(members)
        }
        name = f"{config['task']['type']}/{config['task']['index']}"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckFailed(f"TF_CONFIG is not a cluster and a task: {text!r}") from error
    if name not in addresses:
        raise CheckFailed(f"TF_CONFIG: task {name} is not in the cluster {sorted(addresses)}")
    return addresses, name


def names_of_service(pod: str, resolv_conf: str) -> list[str]:
    """How a pod may spell the name of the service that is called like it, shortest first."""
    lines = (line.split() for line in resolv_conf.splitlines())
    domains = next((words[1:] for words in lines if words[:1] == ["search"]), [])
    if not domains:
        raise CheckFailed("this is no pod of a cluster with DNS: resolv.conf has no search path")
    # The first is the namespace's own, the others are what it ends with.
    name = f"{pod}.{domains[0]}"
    return [*(name.removesuffix(f".{domain}") for domain in domains if name.endswith(f".{domain}")), name]


def split_address(address: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise CheckFailed(f"TF_CONFIG: {address!r} is not host:port")
    return host, int(port)


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Check the TF_CONFIG of this process; exits 1, with the reason as the last line, if it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds to reach all (default: 60)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        check = ReplicaCheck(environment.get("TF_CONFIG", ""), patience=arguments.patience)
        check.require_place(names_of_service(socket.gethostname(), RESOLV_CONF.read_text(encoding="ascii")))
        with check.listening():
            check.run()
            if check.name.startswith("ps/"):
                check.say("serving until it is taken away")
                signal.pause()
    except CheckFailed as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
