"""Binary: a local Airflow with its Postgres.

    python -m py.standalone run_postgre
    python -m py.standalone run_airflow
    python -m py.standalone status
    python -m py.standalone stop
"""

from py.servers import health
from py.servers.choice import AUTO, choose, module
from py.servers.home import USER, Home
from py.servers.supervisor import parts
from py.tools import cli, dryrun
from py.tools.errors import UsageError


class Standalone:
    """Start a local Airflow and its Postgres, say how they are, and stop them."""

    def run_postgre(self, *, mode: str = AUTO, home: str = "") -> None:
        """Start the Postgres of the local Airflow, and return when it answers.

        Args:
            mode: docker, embedded (processes of this machine), or auto: docker where an engine answers.
            home: The folder for all that it keeps, AIRFLOW_HOME: .airflow in this checkout if empty.
        """
        place = Home(home)
        if dryrun.would(f"start Postgres, --mode={mode}, for the Airflow in {place.folder}"):
            return
        with place.alone():
            if not choose(place, mode).start_postgres(place):
                print("Postgres runs")
        if not health.is_up(place):
            print("next: make run_airflow")

    def run_airflow(self, *, mode: str = AUTO, port: int = 0, home: str = "", dags: str = "") -> None:
        """Start Airflow, and its Postgres before it, and return when all its parts are healthy.

        Args:
            mode: docker, embedded (processes of this machine), or auto: docker where an engine answers.
            port: Where the UI and the API listen on 127.0.0.1: 8080, or what it was before, if 0.
            home: The folder for all that it keeps, AIRFLOW_HOME: .airflow in this checkout if empty.
            dags: The folder of DAG files: dags in this checkout if empty.
        """
        place = Home(home)
        if not 0 <= port < 65536:
            raise UsageError(f"--port wants a number up to 65535, not {port}")
        if dryrun.would(f"start Airflow, --mode={mode}, in {place.folder}"):
            return
        with place.alone():
            server = choose(place, mode)
            if health.is_up(place):
                if port not in (0, place.port()):
                    raise UsageError(f"Airflow runs on port {place.port()} already; `make stop` ends it")
                print(f"Airflow runs: {place.url()}")
                return
            if not parts(place):
                health.must_be_free(port or place.port())
            fresh = place.make_password()
            server.start_airflow(place, port, dags)
        print(f"Airflow is ready: {place.url()}")
        print(f"  user {USER}, password {place.password() if fresh else f'in {place.passwords}'}")
        print(f"  next: {_next(place)}")

    def stop(self, *, home: str = "", patience: int = 20) -> None:
        """Stop Airflow and its Postgres; what they keep stays.

        Args:
            home: The folder of the Airflow to stop: .airflow in this checkout if empty.
            patience: Seconds that the steps which run get to end by themselves; then they are ended.
        """
        place = Home(home)
        if dryrun.would(f"stop Airflow and Postgres in {place.folder}"):
            return
        with place.alone():
            stopped = module(place.mode()).stop(place, patience)
        print("stopped" if stopped else f"nothing runs in {place.folder}")

    def status(self, *, home: str = "") -> int:
        """Say which parts run; exit code 0 when all are healthy, 1 when one is not.

        Args:
            home: The folder of the Airflow to look at: .airflow in this checkout if empty.
        """
        place = Home(home)
        for name, part in parts(place).items():
            print(f"{name:<14} {part.state.lower():<10} {part.log}")
        up = health.is_up(place)
        print(f"healthy: {place.url()}" if up else "Airflow does not run or is not healthy: make run_airflow")
        return 0 if up else 1


def _next(home: Home) -> str:
    if home.mode() == "docker":
        return "docker exec -ti airflow bash, and there: airflow trigger_dag hello"
    return ". airflow/activate && airflow trigger_dag hello"


if __name__ == "__main__":
    cli.main(Standalone)
