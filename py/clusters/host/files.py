"""The files that a cluster's programs read: certificates, kubeconfigs, settings. Paths as in the box."""

import json
from pathlib import Path
from typing import Any

from py.clusters.host import network, pki
from py.clusters.host.config import BIN, HOME, NODE, PKI, SOCKET
from py.clusters.host.pause import PAUSE


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
[plugins."io.containerd.cri.v1.images".registry]
  # A folder for each registry that speaks otherwise than usual: HOST:PORT/hosts.toml, read at each pull.
  config_path = "{HOME}/certs.d"
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
