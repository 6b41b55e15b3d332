"""What whoever installs Windtunnel has: a cluster, a registry, and a Docker engine to build with."""

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from py.clusters.host import box, config, network, programs
from py.clusters.host.state import Folder
from py.tools import folders
from tests.airflows import free_port
from tests.registries import registry_at

ENGINE = "/var/run/docker.sock"


class Site:
    """A cluster of this machine, and what is beside it."""

    def __init__(self, cluster: str, folder: Path) -> None:
        record = Folder(cluster).read()
        assert record
        self.folder = folder
        self.machine = network.Cable(record.cable).host  # as pods and nodes reach it
        self.proxy = f"http://{network.Cable(record.cable).proxy}"
        self.registry = ""
        self._nodes = Folder(cluster).home / "certs.d"
        self._box = f"/proc/{box.first_process(record.pid)}/root"
        self.env = {
            **os.environ,
            "KUBECONFIG": str(Folder(cluster).kubeconfig),
            "PATH": f"{programs.folder()}:{os.environ['PATH']}",
        }

    def run(self, *argv: str | Path, input: str = "", patience: float = 120) -> str:
        """What a command prints; AssertionError with all of it if it fails."""
        done = subprocess.run(
            list(map(str, argv)), input=input, env=self.env, cwd=folders.ROOT, timeout=patience, text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def kubectl(self, *words: str | Path, input: str = "", patience: float = 120) -> str:
        """What kubectl prints."""
        return self.run("kubectl", *words, input=input, patience=patience)

    def kill(self, container: str) -> None:
        """SIGKILL for the first process of a container; nobody within it could send that."""
        ctr = (f"{self._box}{config.BIN}/ctr", f"--address={self._box}{config.SOCKET}", "--namespace=k8s.io")
        self.run(*ctr, "tasks", "kill", "--signal=SIGKILL", container)

    @contextmanager
    def with_registry(self) -> Iterator[None]:
        """A registry, where the engine finds it, and under the same name the nodes."""
        port = free_port()
        self.registry = f"127.0.0.1:{port}"
        hosts = self._nodes / self.registry / "hosts.toml"
        hosts.parent.mkdir(parents=True)
        hosts.write_text(f'server = "http://{self.machine}:{port}"\n')
        with registry_at(self.registry, self.folder), registry_at(f"{self.machine}:{port}", self.folder):
            yield

    @contextmanager
    def with_builder(self) -> Iterator[str]:
        """The machine's Docker engine as one elsewhere: over TLS, for whoever has a key. Its address."""
        keys = self.keys()
        settings = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(keys / "ca.pem"))
        settings.load_cert_chain(keys / "server.pem", keys / "server-key.pem")
        settings.verify_mode = ssl.CERT_REQUIRED
        with socket.create_server((self.machine, 0)) as door:
            threading.Thread(target=_serve, args=(door, settings), daemon=True).start()
            yield f"tcp://{self.machine}:{door.getsockname()[1]}"

    def keys(self) -> Path:
        """An authority, and what it has signed: server*.pem for the engine; cert.pem, key.pem for users."""
        keys = self.folder / "keys"
        keys.mkdir()
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

        def openssl(*words: str) -> None:
            subprocess.run(["openssl", *words], cwd=keys, check=True, capture_output=True)

        openssl("req", "-x509", *curve, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=authority")
        for key, certificate, more in (
            ("server-key.pem", "server.pem", f"subjectAltName=IP:{self.machine}"),
            ("key.pem", "cert.pem", "extendedKeyUsage=clientAuth"),
        ):
            (keys / "more").write_text(more)
            openssl("req", *curve, "-keyout", key, "-out", "request", "-subj", f"/CN={certificate}")
            openssl(
                "x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial",
                "-out", certificate, "-extfile", "more",
            )  # fmt: skip
        return keys


def _serve(door: socket.socket, settings: ssl.SSLContext) -> None:
    with suppress(OSError):  # the door is shut
        while True:
            client, _ = door.accept()
            threading.Thread(target=_relay, args=(client, settings), daemon=True).start()


def _relay(client: socket.socket, settings: ssl.SSLContext) -> None:
    with (
        suppress(OSError),
        settings.wrap_socket(client, server_side=True) as outside,
        socket.socket(socket.AF_UNIX) as engine,
    ):
        engine.connect(ENGINE)
        threading.Thread(target=_copy, args=(outside, engine), daemon=True).start()
        _copy(engine, outside)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_RDWR)
