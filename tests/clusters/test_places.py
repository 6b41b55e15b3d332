"""A place is a URL: what is known opens, what is not is named with what comes near."""

import pytest

from py.clusters import LATER, PLACES, open_cluster
from py.clusters.base import Cluster
from py.tools.errors import Mistake, UsageError


@pytest.mark.parametrize("place", ["", "host", "host:", "host:/", "://", "HOST://", "/etc/hosts", "http://x"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match="is no place for clusters"):
        open_cluster(place, "a")


def test_a_place_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(UsageError, match="did you mean kubeconfig://"):
        open_cluster("kubeconfg://", "a")


@pytest.mark.parametrize("scheme", LATER)
def test_a_place_that_is_not_built_yet_says_so(scheme: str) -> None:
    with pytest.raises(Mistake, match="is not built yet; use") as caught:
        open_cluster(f"{scheme}://x", "a")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("scheme", ["host", "local"])
def test_nothing_may_follow_a_place_that_has_no_parts(scheme: str) -> None:
    with pytest.raises(UsageError, match="nothing may follow"):
        open_cluster(f"{scheme}://x", "a")


@pytest.mark.parametrize(
    "name", ["", "../etc", "Capital", "under_score", "-dash", "dash-", "a" * 64, "a/b", "a.b", "a\n"]
)
@pytest.mark.parametrize("scheme", PLACES)
def test_a_name_that_is_no_dns_label_is_refused_at_every_place(scheme: str, name: str) -> None:
    with pytest.raises(UsageError, match="no DNS label"):
        open_cluster(f"{scheme}://", name)


@pytest.mark.parametrize("scheme", PLACES)
def test_every_place_knows_the_whole_vocabulary(scheme: str) -> None:
    opened = open_cluster(f"{scheme}://", "run-1")
    assert opened.name == "run-1"
    assert opened.namespace
    for word in vars(Cluster):
        if not word.startswith("_"):
            assert hasattr(opened, word), f"{scheme}:// lacks {word}"


@pytest.mark.parametrize("verb", ["create", "load", "delete"])
@pytest.mark.parametrize("scheme", PLACES)
def test_every_place_says_what_it_would_do(scheme: str, verb: str) -> None:
    assert open_cluster(f"{scheme}://", "run-1").describe(verb)
