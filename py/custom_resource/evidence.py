"""What is kept of an object that failed its checks. Nothing that goes wrong here costs the verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from py.kube import logs
from py.kube.client import Client, said
from py.kube.readiness import Body

SECONDS = 20.0  # for all that the cluster knows


def folder_name(body: Body) -> str:
    """The folder of an object's evidence in ARTIFACTS."""
    return f"{body['kind'].lower()}-{body['metadata']['name']}"


class Evidence:
    """A folder of ARTIFACTS, made when there is something to keep."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._client = client
        self._folder = folder
        self._logged: set[tuple[str, str]] = set()

    def log(self, pod: Body, container: str) -> None:
        """Keep the log of a container that has ended, at once: its pod may be gone in a moment."""
        metadata = pod["metadata"]
        if (metadata["uid"], container) in self._logged:
            return
        self._logged.add((metadata["uid"], container))
        with _noting(f"the log of {container} in pod {metadata['name']}"):
            text = logs.of(self._client, pod, container)
            target = self._folder / "logs" / metadata["namespace"] / metadata["name"] / f"{container}.log"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def keep(self, body: Body, namespace: str) -> None:
        """Keep the object as last seen, and what the cluster knows: events, pods, logs."""
        import yaml

        from py.kube import placing
        from py.kube.evidence import dump

        with _noting("what the cluster knows"):
            self._folder.mkdir(parents=True, exist_ok=True)
            metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
            text = yaml.safe_dump({**body, "metadata": metadata}, sort_keys=False)
            (self._folder / f"{body['kind'].lower()}.yaml").write_text(text)
            run = (metadata.get("labels") or {}).get(placing.RUN, "")
            until = monotonic() + SECONDS
            lacking = dump(self._client, self._folder, run=run, namespace=namespace or None, deadline=until)
            print("".join(f"could not keep {each}\n" for each in lacking), end="")
            print(f"what the cluster knows is in {self._folder}", flush=True)


@contextmanager
def _noting(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        print(f"could not keep {what}: {said(error)}", flush=True)
