"""What a new cluster holds from the start: its node, storage, and a way to DNS."""

from typing import Any

from py.clusters.host import network
from py.clusters.host.config import NODE, PROVISIONER, STORAGE_CLASS

Object = tuple[str, dict[str, Any]]  # the path that makes it, and what it is


def first_objects(node_address: str) -> list[Object]:
    """Each object with the path of the API that makes it."""
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
