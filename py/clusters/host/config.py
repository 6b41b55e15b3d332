"""What a cluster's programs are told: files, flags, and what each waits for. Paths as in the box."""

import json
from pathlib import Path
from typing import Any

from py.clusters.host import network, pki
from py.clusters.host.image import PAUSE

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


def write(home: Path, name: str, node_address: str) -> None:
    """Write the cluster's files into the folder that the box sees as HOME."""
    folder = home / "pki"
    authority = pki.Authority(folder, f"{name} authority")
    service = ["kubernetes", "default", "svc", "cluster", "local"]
    kubernetes = (*(".".join(service[:n]) for n in (1, 2, 3)), ".".join(service), network.API_SERVICE)
    here = ("localhost", "127.0.0.1", NODE, node_address)
    authority.sign("apiserver", "kube-apiserver", hosts=(*kubernetes, *here))
    authority.sign("kubelet", f"system:node:{NODE}", "system:nodes", hosts=(NODE, node_address))
    for user, identity, group in (
        ("admin", "kubernetes-admin", pki.MASTERS),
        ("controller-manager", "system:kube-controller-manager", pki.MASTERS),  # all its controllers in one
        ("scheduler", "system:kube-scheduler", ""),
        ("kube-proxy", "system:kube-proxy", ""),
        ("coredns", "coredns", pki.MASTERS),
        ("provisioner", "provisioner", pki.MASTERS),
    ):
        authority.sign(user, identity, group)
    pki.Authority(folder / "front", f"{name} front proxy authority").sign("client", "front-proxy-client")
    pki.write_key(folder / "accounts")
    for user in ("controller-manager", "scheduler", "kubelet", "kube-proxy", "coredns", "provisioner"):
        pki.kubeconfig(home / f"{user}.kubeconfig", name, "https://127.0.0.1:6443", folder, user)
    for file, text in {
        "containerd.toml": _CONTAINERD_TOML,
        "kubelet.json": json.dumps(_KUBELET),
        "kube-proxy.json": json.dumps(_KUBE_PROXY),
        "Corefile": _COREFILE,
        "cni/10-pods.conflist": json.dumps(_CNI),
    }.items():
        (home / file).parent.mkdir(exist_ok=True)
        (home / file).write_text(text)


_CONTAINERD_TOML = f"""\
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{SOCKET}"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  # A root without CAP_SYS_RESOURCE may not lower the score, and then no container starts at all.
  restrict_oom_score_adj = true
  # A profile would be loaded into the machine's kernel, and stay there.
  disable_apparmor = true
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{BIN}/runc"
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{BIN}"]
  conf_dir = "{HOME}/cni"
"""

_KUBELET: dict[str, Any] = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1",
    "kind": "KubeletConfiguration",
    "authentication": {
        "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        "anonymous": {"enabled": False},
        "webhook": {"enabled": True},
    },
    "authorization": {"mode": "Webhook"},
    "tlsCertFile": f"{PKI}/kubelet.crt",
    "tlsPrivateKeyFile": f"{PKI}/kubelet.key",
    "containerRuntimeEndpoint": f"unix://{SOCKET}",
    "cgroupDriver": "cgroupfs",
    "failCgroupV1": False,
    "failSwapOn": False,
    "clusterDomain": "cluster.local",
    "clusterDNS": [network.DNS_SERVICE],
    "resolvConf": "/etc/resolv.conf",
    "volumePluginDir": "/var/lib/kubelet/volumeplugins",  # the default is below /usr, which is read-only here
    # A full disk of the machine is not the test's fault, and images that were loaded cannot be pulled again.
    "evictionHard": {
        "memory.available": "100Mi",
        "nodefs.available": "0%",
        "nodefs.inodesFree": "0%",
        "imagefs.available": "0%",
    },
    "imageGCHighThresholdPercent": 100,
}

_KUBE_PROXY: dict[str, Any] = {
    "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
    "kind": "KubeProxyConfiguration",
    "mode": "iptables",
    "clusterCIDR": str(network.PODS),
    "clientConnection": {"kubeconfig": f"{HOME}/kube-proxy.kubeconfig"},
    # Sysctls of the whole machine, which the box may not and need not set.
    "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
}

_CNI: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "pods",
    "plugins": [
        # Routed, not bridged: services then need no br_netfilter from the machine's kernel.
        {
            "type": "ptp",
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": str(network.NODE_PODS)}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}

_COREFILE = f"""\
.:53 {{
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {{
        kubeconfig {HOME}/coredns.kubeconfig
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }}
    cache 30 {{
        disable success cluster.local
        disable denial cluster.local
    }}
}}
"""


Thing = tuple[str, dict[str, Any]]  # the path that makes it, and what it is


def things(node_address: str) -> list[Thing]:
    """What a new cluster holds from the start, its node, storage, and a way to DNS."""
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    labels = {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}
    return [
        (
            "/apis/storage.k8s.io/v1/storageclasses",
            {
                "metadata": {
                    "name": STORAGE_CLASS,
                    "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
                },
                "provisioner": PROVISIONER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": "WaitForFirstConsumer",
            },
        ),
        # kubelet takes it over; kube-proxy would look a second too long for a node that is not there yet.
        (
            "/api/v1/nodes",
            {
                "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE}},
                "status": {"addresses": [{"type": "InternalIP", "address": node_address}]},
            },
        ),
        (
            "/api/v1/namespaces/kube-system/services",
            {
                "metadata": {"name": "kube-dns", "labels": labels},
                "spec": {"clusterIP": network.DNS_SERVICE, "ports": ports},  # no selector: it is no pod
            },
        ),
        (
            "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices",
            {
                "metadata": {"name": "kube-dns", "labels": {"kubernetes.io/service-name": "kube-dns"}},
                "addressType": "IPv4",
                "endpoints": [{"addresses": [node_address], "conditions": {"ready": True}}],
                "ports": ports,
            },
        ),
    ]
