"""Which programs a cluster is made of, and how Go builds them: data, with the reason for each setting."""

from dataclasses import dataclass
from pathlib import Path

KUBERNETES = "v1.36.3"
SOURCES = Path(__file__).parent / "programs"  # one folder per Go module, with its go.mod and go.sum


@dataclass(frozen=True)
class Module:
    """A Go module, built by one `go build`: its programs share what is compiled and link side by side."""

    folder: str
    programs: dict[str, str]  # name of the program: its Go package
    ldflags: str = ""
    tags: str = ""
    cgo: bool = False

    def argv(self, go: Path, into: Path) -> list[str]:
        """The command that builds all of it; run it in the module's folder."""
        flags = ["-trimpath", "-mod=readonly", "-buildvcs=false", f"-ldflags=-s -w {self.ldflags}".rstrip()]
        return [str(go), "build", *flags, f"-tags={self.tags}", "-o", f"{into}/", *self.programs.values()]

    def environment(self) -> dict[str, str]:
        """What Go needs beyond the caller's environment."""
        return {"CGO_ENABLED": "1" if self.cgo else "0", "GOFLAGS": "", "GOWORK": "off"}


_COMMANDS = "k8s.io/kubernetes/cmd"
_PLUGINS = "github.com/containernetworking/plugins/plugins"
_CONTAINERD = "github.com/containerd/containerd/v2"

MODULES = (
    Module(
        "kubernetes",
        {
            "box": "./box",
            "pause": "./pause",
            "kube-apiserver": f"{_COMMANDS}/kube-apiserver",
            "kube-controller-manager": f"{_COMMANDS}/kube-controller-manager",
            "kube-scheduler": f"{_COMMANDS}/kube-scheduler",
            "kubelet": f"{_COMMANDS}/kubelet",
            "kube-proxy": f"{_COMMANDS}/kube-proxy",
            "kubectl": f"{_COMMANDS}/kubectl",
            "coredns": "./coredns",
            "provisioner": "./provisioner",
            "host-local": f"{_PLUGINS}/ipam/host-local",
            "loopback": f"{_PLUGINS}/main/loopback",
            "portmap": f"{_PLUGINS}/meta/portmap",
            "ptp": f"{_PLUGINS}/main/ptp",
        },
        # Without it the server calls itself v0.0.0-master, which clients refuse.
        ldflags=f"-X k8s.io/component-base/version.gitVersion={KUBERNETES}",
    ),
    Module("etcd", {"etcd": "."}),
    Module("runc", {"runc": "github.com/opencontainers/runc"}, "-X main.version=1.3.6", "seccomp", cgo=True),
    Module(
        "containerd",
        {
            "containerd": f"{_CONTAINERD}/cmd/containerd",
            "containerd-shim-runc-v2": f"{_CONTAINERD}/cmd/containerd-shim-runc-v2",
            "ctr": f"{_CONTAINERD}/cmd/ctr",
        },
        ldflags=f"-X {_CONTAINERD}/version.Version=v2.2.9",
        tags="no_btrfs,no_zfs,no_devmapper,no_aufs",  # snapshotters that need headers, or that nobody has
    ),
)

PROGRAMS = tuple(name for module in MODULES for name in module.programs)
