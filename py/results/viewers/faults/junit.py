"""The cases of JUnit files: what is written of each, and what the viewers take it for.

TestGrid's metadata/junit/junit.go and pkg/updater/gcs.go, Spyglass' pkg/spyglass/lenses/junit/lens.go,
gubernator/view_build.py and kettle/make_json.py of kubernetes/test-infra.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from py.results.viewers.base import Faults, Spot
from py.results.viewers.cases import Case
from py.results.viewers.folder import RunFolder

FAULTS = Faults()
MOST_OF_A_NAME = 20  # cases in a run
LONGEST_TEXT, LONGEST_MESSAGE = 10_000, 140  # characters


@FAULTS.fault("write <failure> instead of <error>, with the text inside")
def _error_element(run: RunFolder) -> Iterator[Spot]:
    return _cases(run, lambda case: bool(case.of("error")) and not case.of("failure"), "failed with <error>")


@FAULTS.fault("write what went wrong inside <failure>, not only into its message")
def _failure_without_text(run: RunFolder) -> Iterator[Spot]:
    """kettle takes the last one's text."""
    return _cases(
        run,
        lambda case: bool(case.of("failure")) and not case.of("failure")[-1].text,
        "failed without a text",
    )


@FAULTS.fault('say why: <skipped message="no GPU here"/>')
def _skipped_without_reason(run: RunFolder) -> Iterator[Spot]:
    def is_silent(case: Case) -> bool:
        said = {text.strip() for result in case.of("skipped") for text in (result.message, result.text)}
        return bool(said) and not case.failed and said <= {"", "skipped"}

    return _cases(run, is_silent, "was skipped without a reason")


@FAULTS.fault("write one of them: a case that failed was not skipped")
def _skipped_and_failed(run: RunFolder) -> Iterator[Spot]:
    return _cases(run, lambda case: case.failed and bool(case.of("skipped")), "is skipped and has failed")


@FAULTS.fault("take names without #")
def _number_sign_in_case(run: RunFolder) -> Iterator[Spot]:
    def is_dropped(case: Case) -> bool:
        named = case.given.get("name", "") + "".join(case.suites[:1])
        return "#" in named and not case.failed and not case.of("skipped")

    return _cases(run, is_dropped, "has a # in its name")


@FAULTS.fault("give each case a name of its own in its suite, or each file's suite another")
def _name_taken(run: RunFolder) -> Iterator[Spot]:
    for file, name, count in _same_names(run):
        if count <= MOST_OF_A_NAME:
            yield Spot(file, f"{name} is the name of {count} cases")


@FAULTS.fault(f"give no more than {MOST_OF_A_NAME} cases the same name in a suite")
def _name_taken_too_often(run: RunFolder) -> Iterator[Spot]:
    for file, name, count in _same_names(run):
        if count > MOST_OF_A_NAME:
            yield Spot(file, f"{name} is the name of {count} cases")


@FAULTS.fault("put the reason first and last; keep the whole text in a file of artifacts/")
def _failure_long(run: RunFolder) -> Iterator[Spot]:
    return _cases(
        run, lambda case: any(len(result.text) > LONGEST_TEXT for result in case.results),
        f"says more than {LONGEST_TEXT} characters",
    )  # fmt: skip


@FAULTS.fault("put one short line into the message, and all else into the text")
def _message_long(run: RunFolder) -> Iterator[Spot]:
    return _cases(
        run, lambda case: any(len(result.message) > LONGEST_MESSAGE for result in case.results),
        f"has a message of more than {LONGEST_MESSAGE} characters",
    )  # fmt: skip


@FAULTS.fault('write <property name="…" value="…"/>')
def _property_children(run: RunFolder) -> Iterator[Spot]:
    return _cases(run, lambda case: case.has_child_properties, "has properties with elements inside")


def _cases(run: RunFolder, is_odd: Callable[[Case], bool], what: str) -> Iterator[Spot]:
    """A spot for each file in which cases are odd."""
    for junit in run.junit:
        odd = [case.name for case in junit.cases if is_odd(case)] if junit.is_read else []
        if odd:
            more = f", and {len(odd) - 1} more" if len(odd) > 1 else ""
            yield Spot(junit.name, f"{odd[0]} {what}{more}")


def _same_names(run: RunFolder) -> Iterator[tuple[str, str, int]]:
    """The names that several cases of a run have, each with one of the files that they are in."""
    named = [(case.name, junit.name) for junit in run.junit for case in junit.cases if junit.is_read]
    files = dict(named)
    for name, count in Counter(name for name, _ in named).items():
        if count > 1:
            yield files[name], name, count
