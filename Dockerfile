# Airflow with Windtunnel in it: what deployment.yaml runs in a cluster, and `make run_airflow` on a machine.
# No ENTRYPOINT: whoever starts it says the whole command, as Airflow's own executors for pods do.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv binutils \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY requirements/uv.txt requirements/airflow.txt /build/requirements/
ENV UV_LINK_MODE=copy
RUN python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r /build/requirements/uv.txt \
 && python3 -m venv --without-pip /opt/venv \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --require-hashes -r /build/requirements/airflow.txt
# A third of it is never read: debug symbols, tests, other languages' calendars. The root file system may be read-only,
# so what is not compiled now is compiled at every start. compileall fails on templates that are no Python.
RUN find /opt/venv -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
 && find /opt/venv -name '*.so*' -type f -exec strip --strip-unneeded {} + \
 && find /opt/venv -path '*babel/locale-data/*' -name '*.dat' ! -name 'en*.dat' ! -name root.dat -delete \
 && find /opt/venv \( -name '*.pyi' -o -name '*.c' -o -name '*.h' -o -name '*.pyx' \) -delete \
 && { python3 -m compileall -q -j0 --invalidation-mode unchecked-hash /opt/venv/lib || true; }
# Entry points are looked up in the metadata of an installed package; the code itself comes last, where it is cheap.
COPY pyproject.toml README.md LICENSE /opt/windtunnel/
COPY py/__init__.py /opt/windtunnel/py/
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --offline --no-deps --no-build-isolation \
        --editable /opt/windtunnel

# Only the client: the engine is the machine's, by its socket.
FROM ${BASE} AS docker
WORKDIR /download
RUN apt-get update && apt-get download docker.io && dpkg-deb --extract docker.io_*.deb /docker

# On a machine this much is enough: `make run_airflow` mounts the code, so that edits count.
FROM ${BASE} AS runtime
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates git iptables mount \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* \
 && useradd -l -u 50000 -g 0 -d /opt/airflow -m -s /bin/bash airflow \
 && chmod g=u /opt/airflow
COPY --from=docker /docker/usr/bin/docker /usr/local/bin/docker
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/windtunnel /opt/windtunnel
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

FROM runtime
COPY scripts /opt/windtunnel/scripts
COPY examples /opt/windtunnel/examples
COPY airflow /opt/windtunnel/airflow
COPY py /opt/windtunnel/py
COPY dags /opt/windtunnel/dags
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /opt/windtunnel/py
ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW_CONFIG=/opt/windtunnel/airflow/airflow.cfg \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/windtunnel/dags
USER 50000:0
WORKDIR /opt/windtunnel
CMD ["airflow", "version"]
