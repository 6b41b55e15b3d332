"""The door to a real Airflow: who is let in, for how long, and what those hear who are not."""

import threading
import time

import jwt
import pytest

from py.airflow_api import Api, Door, Place, Refusal
from py.servers.home import USER
from py.tools.errors import Missing
from tests.airflows import Airflow, free_port
from tests.prows import DAG


def door(airflow: Airflow, **more: str) -> Door:
    """A door to the shared Airflow, for its user unless `more` says otherwise."""
    known = {"url": airflow.home.url(), "user": USER, "password": airflow.home.password()}
    return Door(Place(**{**known, **more}), patience=5, halt=threading.Event())


@pytest.mark.parametrize("secret", ["", "another Airflow's secret, which signs what this one does not know"])
def test_a_token_that_is_no_good_any_more_is_renewed(followed_airflow: Airflow, secret: str) -> None:
    ours = door(followed_airflow)
    real = followed_airflow.home.env()["AIRFLOW__API_AUTH__JWT_SECRET"]
    long_ago = int(time.time()) - 3600
    claims = {"sub": USER, "role": "ADMIN", "aud": "apache-airflow", "iat": long_ago, "nbf": long_ago}
    ours.client.configuration.access_token = jwt.encode(
        claims | {"exp": long_ago + 60 if not secret else long_ago + 7200}, secret or real, "HS512"
    )
    assert Api(ours).is_paused(DAG) is False


def test_a_token_that_was_given_is_not_replaced(followed_airflow: Airflow) -> None:
    with pytest.raises(Refusal, match=r"refuses our token \(\$TOKEN\): Invalid JWT") as refusal:
        Api(door(followed_airflow, token="no token", source="$TOKEN")).is_paused(DAG)
    assert (refusal.value.status, refusal.value.exit_code) == (401, 3)


def test_a_password_is_shown_nowhere(followed_airflow: Airflow) -> None:
    with pytest.raises(Refusal) as refusal:
        Api(door(followed_airflow, password="wrong-one")).is_paused(DAG)
    assert "wrong-one" not in str(refusal.value)
    assert "wrong-one" not in repr(Place("http://x", "me", "wrong-one", "wrong-one"))


def test_what_is_no_airflow_is_not_taken_for_one(followed_airflow: Airflow) -> None:
    for url in (f"http://localhost:{free_port()}", followed_airflow.home.url() + "/docs"):
        with pytest.raises(Missing, match="--url="):
            Api(door(followed_airflow, url=url)).is_paused(DAG)


def test_all_dags_are_known_by_name(followed_airflow: Airflow) -> None:
    assert DAG in Api(door(followed_airflow)).dags()


def test_the_last_line_of_a_log_is_kept_however_long_it_is(followed_airflow: Airflow) -> None:
    run_id = followed_airflow.trigger(DAG, {"DO": "seq 1 3000; sleep 1.5; echo the end; exit 1"})
    followed_airflow.wait(DAG, run_id)
    lines = [line.text for line in Api(door(followed_airflow)).log_end(DAG, run_id, "middle", 1)]
    assert "the end" in lines
    assert len(lines) <= 1000
