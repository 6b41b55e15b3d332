"""What runs in a cluster's box: flags, and what each program waits for. Paths as in the box."""

from typing import Any

from py.clusters.host import network

NODE = "node1"
BIN = "/opt/kubernetes"
HOME = "/var/lib/kubernetes"  # the cluster's own files: certificates, kubeconfigs, settings
PKI = f"{HOME}/pki"
SOCKET = "/run/containerd/containerd.sock"
PROVISIONER = "windtunnel/folder"
STORAGE_CLASS = "standard"

# No service token of the host's environment, nor its proxies: the box has its own.
ENVIRONMENT = [
    f"PATH={BIN}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
    "LANG=C.UTF-8",
]

_ETCD = "tcp://127.0.0.1:2379"
_LISTENING = "tcp://127.0.0.1:6443"
_API = "https://127.0.0.1:6443/readyz"
_CONTAINERD = f"unix://{SOCKET}"


def programs(cable: network.Cable, cgroup: str) -> list[dict[str, Any]]:
    """What runs in the box, and what each program waits for."""
    node_address = cable.node

    def program(
        name: str, *flags: str, after: tuple[str, ...] = (), run: str = "", **more: Any
    ) -> dict[str, Any]:
        return {"name": name, "argv": [run or f"{BIN}/{name}", *flags], "after": list(after), **more}

    def client(name: str) -> str:
        return f"--kubeconfig={HOME}/{name}.kubeconfig"

    return [
        program(
            "etcd",
            "--data-dir=/var/lib/etcd",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",  # a test cluster does not outlive a crash of the machine
            "--log-level=warn",
        ),
        program("kube-apiserver", *_apiserver(node_address), after=(_ETCD,)),
        program(
            "kube-controller-manager",
            client("controller-manager"),
            "--leader-elect=false",
            "--use-service-account-credentials=false",
            f"--service-account-private-key-file={PKI}/accounts.key",
            f"--root-ca-file={PKI}/ca.crt",
            f"--cluster-signing-cert-file={PKI}/ca.crt",
            f"--cluster-signing-key-file={PKI}/ca.key",
            "--allocate-node-cidrs",
            f"--cluster-cidr={network.PODS}",
            after=(_API,),
        ),
        program("kube-scheduler", client("scheduler"), "--leader-elect=false", after=(_API,)),
        program("containerd", f"--config={HOME}/containerd.toml", env=_outside(cable)),
        program(
            "pause-image",
            f"--address={SOCKET}", "--namespace=k8s.io", "images", "import", "--local", f"{BIN}/pause.tar",
            run=f"{BIN}/ctr", after=(_CONTAINERD,), once=True,
        ),
        program(
            "kubelet",
            client("kubelet"),
            f"--config={HOME}/kubelet.json",
            f"--hostname-override={NODE}",
            f"--node-ip={node_address}",
            f"--cgroup-root={cgroup}",
            after=(_CONTAINERD, _LISTENING),  # it has much to do before it needs an answer
        ),
        program(
            "kube-proxy",
            f"--config={HOME}/kube-proxy.json",
            f"--hostname-override={NODE}",
            after=(_API,),
        ),
        program("coredns", f"-conf={HOME}/Corefile", after=(_API,)),
        program(
            "provisioner",
            client("provisioner"),
            f"--name={PROVISIONER}",
            f"--node={NODE}",
            "--folder=/var/lib/volumes",
            after=(_API,),
        ),
        # What pods send beyond the cluster leaves under the node's address, which the machine can answer.
        program(
            "masquerade",
            *f"-w -t nat -A POSTROUTING -s {network.PODS} -o eth0 -j MASQUERADE".split(),
            run="iptables", once=True,
        ),
    ]  # fmt: skip


def _outside(cable: network.Cable) -> list[str]:
    """How containerd reaches registries: by the machine's proxy, except those inside or on the machine."""
    proxy = f"http://{cable.proxy}"
    inside = f"localhost,127.0.0.0/8,{cable.subnet},{network.PODS},{network.SERVICES},.svc,.cluster.local"
    return [f"HTTP_PROXY={proxy}", f"HTTPS_PROXY={proxy}", f"NO_PROXY={inside}"]


def _apiserver(node_address: str) -> list[str]:
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--secure-port=6443",
        f"--advertise-address={node_address}",
        f"--tls-cert-file={PKI}/apiserver.crt",
        f"--tls-private-key-file={PKI}/apiserver.key",
        f"--client-ca-file={PKI}/ca.crt",
        f"--service-account-key-file={PKI}/accounts.pub",
        f"--service-account-signing-key-file={PKI}/accounts.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-cluster-ip-range={network.SERVICES}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--kubelet-client-certificate={PKI}/admin.crt",
        f"--kubelet-client-key={PKI}/admin.key",
        f"--kubelet-certificate-authority={PKI}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",  # nobody resolves the node's name
        f"--requestheader-client-ca-file={PKI}/front/ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={PKI}/front/client.crt",
        f"--proxy-client-key-file={PKI}/front/client.key",
    ]
