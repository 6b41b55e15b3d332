"""A hundred runs of nine steps and a verdict at once, each task in a worker's pod: a thousand pods.

Nodes and pods are simulated by kwok, and `hands.py` says for each pod what its worker would say. Airflow's
scheduler and API server, Postgres, and Kubernetes' API server and scheduler are real, and have this machine.
"""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import yaml

from benchmarks.in_cluster import kwok
from benchmarks.in_cluster.deployment import Deployment, Deployments
from benchmarks.in_cluster.load import Load, Took
from benchmarks.measure import NotMeasured, progress
from benchmarks.table import Row, missing
from py.clusters.host.state import Folder
from tests.airflows import Refused
from tests.deployment.conftest import NAMESPACE

RUNS, TASKS = 100, 10
NODES = 10
SLOW = 1200.0  # seconds in which all has to be over
STUCK = 200.0  # seconds without the end of a task, after which nobody waits any more
LOOK = 3.0
TRIES, CONFLICT = 8, 409
# Each is what is selected.
MINE = "dag_id = 'wide'"
LEFT = (
    "(select count(*) from dag_run where dag_id = 'wide' and state in ('queued', 'running')), "
    "(select count(*) from task_instance where dag_id = 'wide' and end_date is not null))"
)
ENDED = f"state, extract(epoch from queued_at), extract(epoch from end_date)) from dag_run where {MINE}"
BEGUN = (
    "extract(epoch from queued_dttm), extract(epoch from start_date)) from task_instance "
    f"where {MINE} and queued_dttm is not null and start_date is not null"
)
EXECUTOR = "deploy/kubernetes_executor"
HERE = Path(__file__).parent


class Level(NamedTuple):
    """How far the settings let Airflow go (variables, slots of the two pools), and how long a step takes."""

    what: str
    seconds: int
    settings: Mapping[str, str]
    slots: int
    cleanup: int


RUNS_AT_ONCE = "AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG"
AT_ONCE = "AIRFLOW__CORE__PARALLELISM"
BATCH = "AIRFLOW__KUBERNETES_EXECUTOR__WORKER_PODS_CREATION_BATCH_SIZE"
HEARTBEAT = "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL"  # seconds; hands.py keeps to it
LEVELS = (
    Level("as the component is", 10, {}, 30, 2),
    Level("200 pods", 30, {RUNS_AT_ONCE: "100", AT_ONCE: "200", BATCH: "32"}, 200, 50),
    Level("1,000 pods", 150, {RUNS_AT_ONCE: "100", AT_ONCE: "1000", BATCH: "64", HEARTBEAT: "10"}, 1000, 100),
)


class Seen(NamedTuple):
    """What became of the runs."""

    green: int
    total: float
    starts: list[float]  # of each task: seconds from queued to running
    told: list[dict[str, Any]]  # by the hands, each second
    load: dict[str, Took]
    restarts: str


def rows(deployments: Deployments) -> list[Row]:
    """For each level: how many runs are green, in what time, and who takes the machine for it."""
    made = []
    for level in LEVELS:
        what = f"{RUNS} runs at once, {level.what}"
        try:
            made += _rows(what, _measured(deployments.ready, level))
        except (NotMeasured, AssertionError) as error:
            progress(f"{what}: {error}\n")
            made.append(missing(what))
    return made


def _rows(what: str, seen: Seen) -> list[Row]:
    starts = sorted(seen.starts)
    late = starts[int(len(starts) * 0.95)]
    return [
        Row(f"{what}: green", f"{seen.green} of {RUNS}", "", f"{RUNS} of {RUNS}", seen.green == RUNS),
        Row("  time of all", f"{seen.total:.0f} s"),
        Row("  a step's share of it", f"{seen.total / (RUNS * TASKS) * 1000:.0f} ms"),
        Row("  from queued to running, median, and of 95 %", f"{median(starts):.1f} s, {late:.1f} s"),
        Row("  most pods at once", f"{seen.told[-1].get('most', 0)}"),
        Row("  the longest answer of Airflow's API", f"{max(each['slowest'] for each in seen.told):.1f} s"),
        Row("  containers that were restarted", seen.restarts),
        *(
            Row(f"  {name}", f"{took.seconds / seen.total:.2f} cores, {took.memory:.0f} MiB")
            for name, took in seen.load.items()
        ),
    ]


def _measured(deployment: Deployment, level: Level) -> Seen:
    with ExitStack() as later:
        later.enter_context(_simulated(deployment, level))
        record = Folder(deployment.cluster).read()
        assert record
        with Load(record.pid) as load:
            _triggered(deployment)
            _ended(deployment)
        return _seen(deployment, load)


@contextmanager
def _simulated(deployment: Deployment, level: Level) -> Iterator[None]:
    """Airflow with the settings of a level, whose workers' pods come onto simulated nodes."""
    file = deployment.checkout / EXECUTOR / "pod.yaml"
    before = file.read_text()
    file.write_text(elsewhere(before))
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "airflow", "namespace": NAMESPACE},
    }
    try:
        deployment.fresh()  # nobody's runs, and pools as Airflow makes them
        deployment.switch(EXECUTOR, patches=[settings | {"data": dict(level.settings)}])
        deployment.airflow("pools", "set", "windtunnel", str(level.slots), "steps")
        deployment.airflow("pools", "set", "windtunnel_cleanup", str(level.cleanup), "verdicts")
        _apply(deployment, kwok.nodes(NODES))
        _apply(deployment, _hands(deployment, before, level.seconds))
        deployment.kubectl("wait", "pod/hands", "--for=condition=Ready", "--timeout=60s")
        with kwok.simulating(deployment.site.env, deployment.site.folder / "kwok.log"):
            try:
                yield
            finally:
                (deployment.site.folder / "hands.log").write_text(deployment.kubectl("logs", "hands"))
    finally:
        file.write_text(before)
        # Where nobody says any more that they have ended, they would stay.
        deployment.kubectl(
            "delete", "pod", "--selector=app.kubernetes.io/name=worker", "--force", "--grace-period=0"
        )
        deployment.site.kubectl("delete", "nodes", "--selector=type=kwok", "--ignore-not-found")


def elsewhere(worker: str) -> str:
    """The file of a worker's pod, for a simulated node; only the image stands in double quotes, as there."""
    pod = kwok.there(yaml.safe_load(worker))
    image = pod["spec"]["containers"][0]["image"]
    return yaml.safe_dump(pod).replace(f"image: {image}", f'image: "{image}"')


def _apply(deployment: Deployment, objects: list[dict[str, Any]]) -> None:
    deployment.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(objects))


def _hands(deployment: Deployment, worker: str, seconds: int) -> list[dict[str, Any]]:
    """What plays the tasks: a pod like a worker's, on the node that is real."""
    name = {"name": "hands", "namespace": NAMESPACE}
    pod = yaml.safe_load(worker)
    pod["metadata"] |= name
    spec = pod["spec"]
    spec |= {"serviceAccountName": "hands", "automountServiceAccountToken": True}
    spec["containers"][0] |= {
        "image": deployment.images[1],
        "args": ["python", "/etc/hands/hands.py", str(seconds)],
        "volumeMounts": [{"name": "hands", "mountPath": "/etc/hands"}],
        "resources": {},
    }
    spec["volumes"] = [{"name": "hands", "configMap": {"name": "hands"}}]
    rights = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["update"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": name},
        {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": name, "rules": rights},
        {
            "apiVersion": f"{rbac}/v1", "kind": "RoleBinding", "metadata": name,
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "hands"},
            "subjects": [{"kind": "ServiceAccount", **name}],
        },
        {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": name,
            "data": {"hands.py": (HERE / "hands.py").read_text()},
        },
        pod,
    ]  # fmt: skip


def _triggered(deployment: Deployment) -> list[str]:
    """Trigger the runs, as often as it takes: the API may have too much to do to answer."""
    run_ids = [f"scale-{number}" for number in range(RUNS)]

    def trigger(run_id: str) -> None:
        for _ in range(TRIES):
            try:
                deployment.api.trigger("wide", run_id=run_id)
            except OSError:
                continue
            except Refused as refusal:
                if refusal.status != CONFLICT:
                    continue
            return
        raise NotMeasured(f"{run_id} could not be triggered")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(trigger, run_ids))
    return run_ids


def _ended(deployment: Deployment) -> None:
    """Return when all have, or nothing more happens; it is Postgres that is asked, and seldom."""
    began, before = time.monotonic(), 0
    left, since = RUNS, began
    while left and time.monotonic() - began < SLOW and time.monotonic() - since < STUCK:
        time.sleep(LOOK)
        (left, over), *_ = _asked(deployment, LEFT)
        if over > before:
            before, since = over, time.monotonic()
        progress(f"  {left} of {RUNS} runs are left, {over} tasks are over")


def _asked(deployment: Deployment, query: str) -> list[Any]:
    """What Postgres answers, a list for each row."""
    psql = ("psql", "--username=airflow", "--dbname=airflow", "--tuples-only", "--no-align")
    whole = f"select json_build_array({query}"
    said = deployment.kubectl("exec", "postgres-0", "--", *psql, f"--command={whole}")
    return [json.loads(line) for line in said.splitlines()]


def _seen(deployment: Deployment, load: Load) -> Seen:
    runs, tasks = _asked(deployment, ENDED), _asked(deployment, BEGUN)
    told = [
        json.loads(line) for line in deployment.kubectl("logs", "hands").splitlines() if line.startswith("{")
    ]
    ends = [end for _, _, end in runs if end]
    if not ends:
        raise NotMeasured(f"none of {len(runs)} runs has ended; {len(tasks)} tasks had begun")
    total = max(ends) - min(start for _, start, _ in runs)
    green = sum(state == "success" for state, _, _ in runs)
    return Seen(
        green, total, [start - queued for queued, start in tasks], told, load.taken(), _restarts(deployment)
    )


def _restarts(deployment: Deployment) -> str:
    """Which containers of Airflow had to start again, and how often."""
    status = deployment.get("pods", "--selector=app.kubernetes.io/name=airflow")["items"][0]["status"]
    containers = status["containerStatuses"] + status["initContainerStatuses"]
    again = {each["name"]: each["restartCount"] for each in containers if each["restartCount"]}
    return ", ".join(f"{name} {count}" for name, count in again.items()) or "none"
