"""Binary: make an object of any custom resource in a cluster, and see that it does what it should."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from py.clusters import Cluster, open_cluster
from py.custom_resource import evidence, template, verdict
from py.custom_resource.trial import Expected, Trial
from py.results import junit
from py.tools import cli, dryrun, outputs
from py.tools.errors import UsageError, near

GIVEN = ("name", "namespace", "image")  # what every template gets


class TestRunner:
    """Make an object of any custom resource in a cluster, and check what becomes of it."""

    __test__ = False  # for pytest: no test of ours

    def test(
        self,
        *,
        cluster: str,
        name: str,
        src_dir: str,
        spec: str,
        image: str = "",
        set: str = "",
        condition: str = "Succeeded",
        failure_condition: str = "Failed",
        conditions_path: str = "status.conditions",
        replicas_path: str = "",
        pod_selector: str = "",
        expected_exit_codes: str = "0",
        cleaned_up: str = "running",
        keep: bool = False,
        timeout: int = 300,
    ) -> int:
        """Create an object from a template, wait for its condition, check its pods, and delete it.

        JUnit gets a case for each check. After a failure ARTIFACTS gets the object, its events and its logs.

        Args:
            cluster: The place of the cluster: host://, kubeconfig://PATH or local://.
            name: The cluster's name.
            src_dir: The checkout that holds the template.
            spec: The Jinja2 template in it, of one object; it gets name, namespace, image, and --set.
            image: The image for the template.
            set: More values for it: KEY=VALUE, with commas between.
            condition: The condition to wait for.
            failure_condition: The condition that ends the wait at once.
            conditions_path: Where the conditions are: a list, or a text such as status.phase.
            replicas_path: Where the object says how many pods it wants: a number, or types.
            pod_selector: Labels of its pods, such as job={{ name }}; those that it owns if not given.
            expected_exit_codes: How containers may end by themselves, with commas; any for all codes.
            cleaned_up: Which pods must be gone when it has ended: none, running or all.
            keep: Do not delete the object.
            timeout: Seconds until the condition.
        """
        if timeout <= 0:
            raise UsageError(f"--timeout wants seconds above 0, not {timeout}")
        # A pipeline spells a flag that is not given as `--flag=`.
        cleaned_up = cleaned_up or "running"
        if cleaned_up not in verdict.CLEANED_UP:
            raise UsageError(f"--cleaned_up={cleaned_up}: {near(cleaned_up, verdict.CLEANED_UP, 'choices')}")
        codes = _codes(expected_exit_codes or "0")
        values = _values(image, set)
        target = open_cluster(cluster, name)
        path = Path(src_dir) / spec
        if dryrun.enabled and not path.exists():
            dryrun.would(f"create the object of {path} in {name} at {cluster}, and check what becomes of it")
            return 0
        body, values = _render(path, values, target)
        selector = template.fill_flag("pod_selector", pod_selector, values)
        expected = Expected(
            condition or "Succeeded", failure_condition, conditions_path or "status.conditions",
            replicas_path, selector, codes, cleaned_up,
        )  # fmt: skip
        _check_replicas(body, replicas_path, spec)
        if dryrun.enabled:
            return _describe(body, expected, keep, timeout)
        folder = outputs.artifacts() / evidence.folder_name(body)
        classname = f"{body['kind']}.{Path(spec).name.partition('.')[0]}"
        trial = Trial(body, target.namespace, expected, classname=classname, timeout=timeout, folder=folder)
        cases = trial.run(target.kubeconfig(), keep=keep)
        junit.write(outputs.junit_path("test_runner"), classname, cases)
        failed = [case for case in cases if case.failure]
        for case in failed:
            print(f"FAILED {case.name}: {case.failure}", flush=True)
        return 1 if failed else 0


def _codes(text: str) -> tuple[int, ...] | None:
    if text == "any":
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(re.fullmatch("[0-9]+", word) for word in words):
        raise UsageError(f"--expected_exit_codes={text}: numbers with commas between, or any")
    return tuple(map(int, words))


def _values(image: str, more: str) -> dict[str, str]:
    values = {"image": image} if image else {}
    for word in filter(None, more.split(",")):
        key, equals, value = word.partition("=")
        if not equals or not key.strip().isidentifier():
            raise UsageError(f"--set={more}: {word!r} is no KEY=VALUE")
        if key.strip() in GIVEN:
            raise UsageError(f"--set={more}: {key.strip()} is given already")
        values[key.strip()] = value
    return values


def _render(path: Path, values: Mapping[str, str], target: Cluster) -> tuple[dict[str, Any], dict[str, str]]:
    """The object, with a name that is unique and the run's labels, and the values that the template got."""
    from py.kube import placing  # late: it brings YAML along

    end = template.unique_end()
    base = path.name.partition(".")[0]
    filled = {"name": template.named(base, end), "namespace": target.namespace, **values}
    body = template.render(path, filled)
    metadata = body["metadata"]
    if not metadata["name"].endswith(f"-{end}"):  # the template chose a name of its own
        metadata["name"] = filled["name"] = template.named(metadata["name"], end)
    metadata["labels"] = {**(metadata.get("labels") or {}), **placing.labels(target.name)}
    return body, filled


def _check_replicas(body: dict[str, Any], path: str, spec: str) -> None:
    try:
        if path:
            verdict.replicas(body, path)
    except ValueError as error:
        raise UsageError(f"--replicas_path={path}: {error} in {spec}") from None


def _describe(body: dict[str, Any], expected: Expected, keep: bool, timeout: int) -> int:
    import yaml

    what = f"{body['kind']} {body['metadata']['name']}"
    dryrun.would(f"create {what}:")
    print("  " + yaml.safe_dump(body, sort_keys=False).strip().replace("\n", "\n  "), flush=True)
    dryrun.would(
        f"wait up to {timeout} s for {expected.condition} or {expected.failure_condition or 'no failure'}"
    )
    counts = verdict.replicas(body, expected.replicas_path) if expected.replicas_path else {}
    for kind, count in counts.items():
        dryrun.would(f"check that {count} {kind}{' ' * bool(kind)}pods were made")
    if expected.exit_codes is not None:
        dryrun.would(f"check that containers ended with {' or '.join(map(str, expected.exit_codes))}")
    dryrun.would(f"check that of its pods are gone: {expected.cleaned_up}")
    if not keep:
        dryrun.would(f"delete {what}")
    dryrun.would(f"write {outputs.junit_path('test_runner')}")
    return 0


if __name__ == "__main__":
    cli.main(TestRunner)
