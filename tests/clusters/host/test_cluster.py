"""A cluster of this machine does what any Kubernetes does, and is found again by its name."""

import http.client
import http.server
import json
import os
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from py.clusters.host import HostCluster, network, open_cluster
from py.clusters.host.state import Folder
from py.tools.errors import ClusterError, UsageError
from tests.clusters.host.machine import IMAGE, creator
from tests.web import serving

Kubectl = Callable[..., str]

WEB = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: NAMESPACE, labels: {{pod-security.kubernetes.io/enforce: restricted}}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: data, namespace: NAMESPACE}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 10Mi}}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: web-0, namespace: NAMESPACE, labels: {{app: web}}}}
spec:
  securityContext: {{runAsNonRoot: true, runAsUser: 1000, seccompProfile: {{type: RuntimeDefault}}}}
  containers:
    - name: web
      image: {IMAGE}
      imagePullPolicy: IfNotPresent
      command: [perl, -MIO::Socket::INET, -e]
      args:
        - |
          $| = 1; open(F, ">/data/kept") or die; print F "kept\\n"; close F;
          $s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5, ReuseAddr => 1) or die;
          print "serving\\n";
          while ($c = $s->accept) {{ print $c "pong\\n"; close $c }}
      securityContext: {{allowPrivilegeEscalation: false, capabilities: {{drop: [ALL]}}}}
      readinessProbe: {{tcpSocket: {{port: 8080}}, periodSeconds: 1}}
      volumeMounts: [{{name: data, mountPath: /data}}]
  volumes: [{{name: data, persistentVolumeClaim: {{claimName: data}}}}]
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: NAMESPACE}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""


@pytest.fixture(scope="module")
def loaded(cluster: HostCluster, docker: None) -> HostCluster:
    cluster.load(IMAGE)
    return cluster


def test_nothing_may_follow_the_scheme() -> None:
    with pytest.raises(UsageError, match="nothing may follow host://"):
        open_cluster("somewhere", "c")


def test_the_kubeconfig_of_a_cluster_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ClusterError, match="create_cluster"):
        open_cluster("", "never-made").kubeconfig()


def test_loading_into_a_cluster_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ClusterError, match="create_cluster"):
        open_cluster("", "never-made").load(IMAGE)


def test_the_logs_of_a_cluster_that_is_not_there_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="no logs"):
        open_cluster("", "never-made").dump_logs(tmp_path)


def test_an_image_that_docker_does_not_have_is_named(cluster: HostCluster, docker: None) -> None:
    with pytest.raises(ClusterError, match="no-such-image:1 is not in this machine's Docker"):
        cluster.load("no-such-image:1")


def test_a_dry_run_says_what_each_verb_would_do() -> None:
    planned = open_cluster("", "planned")
    for verb in ("create", "load", "dump_logs", "delete"):
        assert planned.describe(verb)
    assert not planned.exists()


def test_the_node_is_ready_and_has_a_stable_name(kubectl: Kubectl) -> None:
    node = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    assert [n["metadata"]["name"] for n in node] == ["node1"]
    assert {c["type"]: c["status"] for c in node[0]["status"]["conditions"]}["Ready"] == "True"


def test_the_server_calls_itself_by_the_version_that_was_pinned(kubectl: Kubectl) -> None:
    pinned = re.search(
        r"k8s.io/kubernetes (v\S+)", Path("py/clusters/host/programs/kubernetes/go.mod").read_text()
    )
    assert pinned
    assert json.loads(kubectl("version", "-o", "json"))["serverVersion"]["gitVersion"] == pinned[1]


def test_a_second_create_finds_the_cluster(cluster: HostCluster, kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "found-again")
    HostCluster(cluster.name).create()
    assert kubectl("get", "namespace", "found-again", "-o", "name") == "namespace/found-again\n"


def test_only_root_may_read_the_keys(cluster: HostCluster) -> None:
    assert cluster.kubeconfig().stat().st_mode & 0o077 == 0
    assert Folder(cluster.name).path.stat().st_mode & 0o077 == 0


def test_a_stranger_is_not_let_in(cluster: HostCluster) -> None:
    server = json.loads(cluster.kubeconfig().read_text())["clusters"][0]["cluster"]["server"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server}/api/v1/secrets", context=ssl._create_unverified_context())
    assert refused.value.code == 403


def test_an_image_that_is_there_is_not_brought_again(
    loaded: HostCluster, capfd: pytest.CaptureFixture[str]
) -> None:
    loaded.load(IMAGE)
    assert "already" in capfd.readouterr().out


def test_a_pod_serves_keeps_data_and_is_reached_by_name(loaded: HostCluster, kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", manifest=WEB.replace("NAMESPACE", "web"))
    kubectl("wait", "-n", "web", "--for=condition=Ready", "pod/web-0", "--timeout=60s")
    assert kubectl("logs", "-n", "web", "web-0") == "serving\n"

    def inside(script: str) -> str:
        return kubectl("exec", "-n", "web", "web-0", "--", "bash", "-c", script)

    assert inside("cat /data/kept") == "kept\n"
    for name in ("web", "web.web", "web.web.svc.cluster.local"):
        assert (
            inside(f"for n in 1 2 3 4 5; do cat </dev/tcp/{name}/80 && break; sleep 0.5; done") == "pong\n"
        ), name
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert "10.96.0.1" in inside("getent hosts kubernetes.default.svc")
    assert inside(f"cat {account}/namespace") == "web"


def test_a_volume_goes_with_its_claim(loaded: HostCluster, kubectl: Kubectl) -> None:
    manifest = WEB.replace("NAMESPACE", "volumes")
    volumes = Folder(loaded.name).path / "lib" / "volumes"
    kubectl("apply", "-f", "-", manifest=manifest)
    kubectl("wait", "-n", "volumes", "--for=condition=Ready", "pod/web-0", "--timeout=60s")
    volume = kubectl("get", "pvc", "-n", "volumes", "data", "-o", "jsonpath={.spec.volumeName}")
    assert (volumes / volume / "kept").is_file()
    kubectl("delete", "pod", "-n", "volumes", "web-0", "--grace-period=0", "--force")
    kubectl("delete", "pvc", "-n", "volumes", "data")
    kubectl("wait", "--for=delete", f"pv/{volume}", "--timeout=30s")
    assert not (volumes / volume).exists()


def test_a_pod_that_mounts_the_nodes_root_does_not_see_the_machines(
    loaded: HostCluster, kubectl: Kubectl
) -> None:
    spec = {
        "volumes": [{"name": "root", "hostPath": {"path": "/"}}],
        "containers": [
            {
                "name": "look",
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "command": ["ls", "/node", "/node/var/lib"],
                "volumeMounts": [{"name": "root", "mountPath": "/node"}],
            }
        ],
        "restartPolicy": "Never",
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look"}, "spec": spec}
    kubectl("apply", "-f", "-", manifest=json.dumps(pod))
    kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/look", "--timeout=60s")
    seen = kubectl("logs", "look").split()
    assert "kubelet" in seen
    assert not {"home", "root", "windtunnel", "docker"} & set(seen)


def test_the_machines_neighbours_do_not_get_through(cluster: HostCluster) -> None:
    record = Folder(cluster.name).read()
    assert record
    proxy, port = network.Cable(record.cable).proxy.split(":")
    neighbour = ("127.0.0.1", 0)  # any address that is not the cable's
    through = http.client.HTTPConnection(proxy, int(port), timeout=10, source_address=neighbour)
    through.request("GET", "http://127.0.0.1:1/")
    assert through.getresponse().status == 403


@pytest.mark.parametrize("tunnelled", [False, True])
def test_the_box_reaches_registries_through_the_machine(cluster: HostCluster, tunnelled: bool) -> None:
    record = Folder(cluster.name).read()
    assert record
    proxy, port = network.Cable(record.cable).proxy.split(":")
    with serving(Registry) as at:
        through = http.client.HTTPConnection(proxy, int(port), timeout=10)
        if tunnelled:
            through.set_tunnel(at)
        through.request("GET", "/v2/" if tunnelled else f"http://{at}/v2/")
        assert through.getresponse().read() == b"/v2/"
        through.close()


class Registry(http.server.BaseHTTPRequestHandler):
    """Answers with the path that it was asked for."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_logs_of_all_programs_are_kept(cluster: HostCluster, tmp_path: Path) -> None:
    cluster.dump_logs(tmp_path / "logs")
    kept = {log.stem for log in (tmp_path / "logs").iterdir() if log.stat().st_size}
    control = {"kube-apiserver", "kube-controller-manager", "kube-scheduler"}
    assert kept >= {"box", "etcd", "containerd", "kubelet", "kube-proxy", "coredns", *control}


def test_two_clusters_made_at_once_share_nothing_and_outlive_their_creators(machine: None) -> None:
    pair = [HostCluster(f"test-{os.getpid()}-{side}") for side in ("left", "right")]
    try:
        for making in [creator(each.name) for each in pair]:
            said, _ = making.communicate(timeout=120)  # returns only when nobody holds the pipe any more
            assert making.returncode == 0, said
        configs = [json.loads(c.kubeconfig().read_text())["clusters"][0]["cluster"] for c in pair]
        assert configs[0]["server"] != configs[1]["server"]
        assert configs[0]["certificate-authority-data"] != configs[1]["certificate-authority-data"]
        pair[0].delete()
        assert pair[1].kubeconfig().is_file()
        pair[1].create()  # it is found, and answers
        record = Folder(pair[1].name).read()
        assert record
        for process in psutil.Process(record.pid).children(recursive=True):
            assert "WINDTUNNEL_TEST_SECRET" not in process.environ(), "it holds nothing of its creator"
    finally:
        for one in pair:
            one.delete()


def test_a_stranger_with_the_pid_of_a_dead_box_is_spared(absent: HostCluster) -> None:
    folder = Folder(absent.name)
    folder.make()
    (folder.path / "cluster.json").write_text(
        json.dumps({"cable": 9, "pid": os.getpid(), "started": 1.0, "ready": True})
    )
    absent.delete()  # would be the end of this test
    assert not absent.exists()
