"""Binary: a local Airflow with its Postgres.

    python -m py.standalone run_airflow
    python -m py.standalone status
    python -m py.standalone stop
"""

from py.servers import embedded
from py.servers.home import USER, Home
from py.servers.supervisor import parts
from py.tools import cli, dryrun
from py.tools.errors import UsageError, near

MODES = ("auto", "docker", "embedded")


class Standalone:
    """Start a local Airflow and its Postgres, say how they are, and stop them."""

    def run_postgre(self, *, mode: str = "auto", home: str = "") -> None:
        """Start the Postgres of the local Airflow, and return when it answers.

        Args:
            mode: docker, embedded (processes of this machine), or auto: the first of these that can be had.
            home: The folder for all that it keeps, AIRFLOW_HOME: .airflow in this checkout if empty.
        """
        _known(mode)
        place = Home(home)
        if dryrun.would(f"start Postgres in {place.folder}"):
            return
        if not embedded.start_postgres(place):
            print(f"Postgres runs, in {place.folder}")

    def run_airflow(self, *, mode: str = "auto", port: int = 0, home: str = "", dags: str = "") -> None:
        """Start Airflow, and its Postgres before it, and return when all its parts are healthy.

        Args:
            mode: docker, embedded (processes of this machine), or auto: the first of these that can be had.
            port: Where the UI and the API listen on 127.0.0.1: 8080, or what it was before, if 0.
            home: The folder for all that it keeps, AIRFLOW_HOME: .airflow in this checkout if empty.
            dags: The folder of DAG files: dags in this checkout if empty.
        """
        _known(mode)
        place = Home(home)
        if not 0 <= port < 65536:
            raise UsageError(f"--port wants a number up to 65535, not {port}")
        if dryrun.would(f"start Airflow in {place.folder}"):
            return
        fresh = embedded.start_airflow(place, port, dags)
        print(f"Airflow {'is ready' if fresh else 'runs'}: {place.url()}, user {USER}, {place.password()}")

    def stop(self, *, home: str = "", patience: int = 20) -> None:
        """Stop Airflow and its Postgres; what they keep stays.

        Args:
            home: The folder of the Airflow to stop: .airflow in this checkout if empty.
            patience: Seconds that the steps which run get to end by themselves; then they are ended.
        """
        place = Home(home)
        if not dryrun.would(f"stop Airflow and Postgres in {place.folder}"):
            print("stopped" if embedded.stop(place, patience) else f"nothing runs in {place.folder}")

    def status(self, *, home: str = "") -> int:
        """Say which parts run; exit code 0 when all are healthy, 1 when one is not.

        Args:
            home: The folder of the Airflow to look at: .airflow in this checkout if empty.
        """
        place = Home(home)
        for name, part in parts(place).items():
            print(f"{name:<14} {part.state.lower():<10} {part.log}")
        up = embedded.is_up(place)
        print(f"healthy: {place.url()}" if up else "Airflow does not run or is not healthy: make run_airflow")
        return 0 if up else 1


def _known(mode: str) -> None:
    if mode not in MODES:
        raise UsageError(f"--mode={mode}: {near(mode, MODES, 'there are')}")


if __name__ == "__main__":
    cli.main(Standalone)
