"""Plays the tasks of pods whose nodes are simulated: `hands.py SECONDS`, in a pod of the same cluster.

For each pod that is Running it says at the Execution API what the worker in it would, by the token in its
command: that the task runs, every while that it still does, and after so many seconds that it is well.
Then the pod is Succeeded. A line of counts is printed each second.
"""

import http.client
import json
import os
import queue
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from py.kube.own import Own, Refused
from py.tools.errors import ClusterError

Pod = dict[str, Any]

PODS = "/api/v1/namespaces/windtunnel/pods"
WATCH = f"{PODS}?watch=true&labelSelector=kubernetes_executor%3DTrue"
AIRFLOW = ("airflow", 8080)
HEARTBEAT = float(os.environ.get("AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL", "1"))  # seconds, airflow.cfg's
LAST, VERDICT = "done", 1.0  # the task that judges a run, and its seconds
PATIENCE = 60.0  # seconds for an answer
ATTEMPTS, LONGEST = 12, 15.0  # as airflow.cfg lets a worker try again, and its seconds between two tries
FINISHERS = 4  # who write down how pods have ended


class Counts:
    """What was done so far, by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._slowest = 0.0

    def add(self, what: str, by: int = 1) -> None:
        """Count something."""
        with self._lock:
            self._counts[what] += by

    def there(self, pods: int) -> None:
        """So many pods there are."""
        with self._lock:
            self._counts |= Counter(most=pods)  # the larger one stays
            self._counts["pods"] = pods

    def took(self, seconds: float) -> None:
        """An answer took so long."""
        with self._lock:
            self._slowest = max(self._slowest, seconds)

    def told(self) -> str:
        """All of it, and the longest answer since the last time."""
        with self._lock:
            slowest, self._slowest = self._slowest, 0.0
            return json.dumps({"time": round(time.time(), 1), **self._counts, "slowest": round(slowest, 2)})


class Worker:
    """What stands for one worker at Airflow's Execution API."""

    def __init__(self, pod: Pod, seconds: float, counts: Counts) -> None:
        args = pod["spec"]["containers"][0]["args"]
        workload = json.loads(args[args.index("--json-string") + 1])
        self._seconds = VERDICT if workload["ti"]["task_id"] == LAST else seconds
        self._token = workload["token"]
        self._path = f"/execution/task-instances/{workload['ti']['id']}"
        self._who = {"hostname": pod["metadata"]["name"], "pid": 1}
        self._counts = counts
        self._line: http.client.HTTPConnection | None = None

    def work(self) -> None:
        """From the start of the task to its end; RuntimeError if Airflow will not have it."""
        began = {"state": "running", "unixname": "airflow", "start_date": _now(), **self._who}
        self._say("PATCH", "run", began)
        self._counts.add("running")
        try:
            end = time.monotonic() + self._seconds
            while (left := end - time.monotonic()) > HEARTBEAT:
                time.sleep(HEARTBEAT)
                self._say("PUT", "heartbeat", self._who)
            time.sleep(max(0.0, left))
            self._say("PATCH", "state", {"state": "success", "end_date": _now()})
        finally:
            self._counts.add("running", -1)

    def _say(self, method: str, what: str, body: dict[str, Any]) -> None:
        """As a worker: again, after a while, where nobody answers."""
        began, why = time.monotonic(), ""
        for attempt in range(ATTEMPTS):
            try:
                status, text = self._sent(method, what, body)
            except (OSError, http.client.HTTPException) as error:
                why = repr(error)
            else:
                if status < 300:
                    self._counts.add("said")
                    self._counts.took(time.monotonic() - began)
                    return
                why = f"{status}: {text[:300]}"
                if status < 500:
                    break
            self._line = None
            self._counts.add("again")
            time.sleep(min(LONGEST, 2.0**attempt))
        raise RuntimeError(f"{what}: {why}")

    def _sent(self, method: str, what: str, body: dict[str, Any]) -> tuple[int, str]:
        self._line = self._line or http.client.HTTPConnection(*AIRFLOW, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        self._line.request(method, f"{self._path}/{what}", json.dumps(body), headers)
        answer = self._line.getresponse()
        self._token = answer.headers.get("Refreshed-API-Token") or self._token
        return answer.status, answer.read().decode(errors="replace")


class Hands:
    """Attends to every pod once, as soon as it is Running."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over: queue.Queue[Pod] = queue.Queue()
        self.counts = Counts()

    def begin(self) -> None:
        """Do it in threads that never end."""
        for work in (self._watch, *(self._finish for _ in range(FINISHERS))):
            threading.Thread(target=work, daemon=True).start()

    def _watch(self) -> None:
        seen: set[str] = set()
        while True:
            there: set[str] = set()
            try:
                with Own().stream(WATCH) as answer:
                    for line in answer:
                        event = json.loads(line)
                        self._look(event["object"], event["type"] == "DELETED", seen, there)
            except (ClusterError, OSError, http.client.HTTPException, ValueError, KeyError) as error:
                print(f"the watch: {error!r}", flush=True)
                time.sleep(1)

    def _look(self, pod: Pod, gone: bool, seen: set[str], there: set[str]) -> None:
        uid = pod["metadata"]["uid"]
        (there.discard if gone else there.add)(uid)
        self.counts.there(len(there))
        if uid not in seen and pod["status"].get("phase") == "Running":
            seen.add(uid)
            self.counts.add("begun")
            threading.Thread(target=self._attend, args=(pod,), daemon=True).start()

    def _attend(self, pod: Pod) -> None:
        try:
            Worker(pod, self._seconds, self.counts).work()
            pod["status"]["phase"] = "Succeeded"
        except Exception as error:  # whatever it is, the pod ends, as its process would
            print(f"{pod['metadata']['name']}: {error}", flush=True)
            pod["status"]["phase"] = "Failed"
        self.counts.add(pod["status"]["phase"].lower())
        self._over.put(pod)

    def _finish(self) -> None:
        """Write down how pods have ended, which is a kubelet's office; one that is gone needs it no more."""
        api = Own()
        while True:
            pod = self._over.get()
            path, phase = f"{PODS}/{pod['metadata']['name']}", pod["status"]["phase"]
            for _ in range(ATTEMPTS):
                try:
                    api.ask("PUT", f"{path}/status", pod)
                    break
                except Refused as refusal:
                    if refusal.status == http.client.NOT_FOUND:
                        break
                except ClusterError as error:
                    print(f"{path}: {error}", flush=True)
                    time.sleep(1)
                with suppress(ClusterError):  # somebody has written meanwhile
                    pod = api.ask("GET", path)
                    pod["status"]["phase"] = phase


def _now() -> str:
    return datetime.now(UTC).isoformat()


def main() -> None:
    """Never ends by itself."""
    threading.stack_size(256 * 1024)
    hands = Hands(float(sys.argv[1]))
    hands.begin()
    while True:
        time.sleep(1)
        print(hands.counts.told(), flush=True)


if __name__ == "__main__":
    main()
