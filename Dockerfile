# Airflow with Windtunnel in it: what deployment.yaml runs in a cluster, and `make run_airflow` on a machine.
# No ENTRYPOINT: whoever starts it says the whole command, as Airflow's own executors for pods do.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS libraries
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv binutils \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt
COPY requirements/uv.txt requirements/airflow.txt /build/requirements/
ENV UV_LINK_MODE=copy
RUN python3 -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r /build/requirements/uv.txt \
 && python3 -m venv --without-pip /opt/venv \
 && /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --require-hashes -r /build/requirements/airflow.txt
# A third of it is never read: debug symbols, tests, other languages' calendars, sources of compiled modules.
# The root file system may be read-only, so what is not compiled now is compiled at every start: compileall, which
# fails on templates that are no Python. The clients of Kubernetes are generated, and mostly comments: their bytecode
# is a fourth of them, and is imported sooner; without docstrings too, but in `api`, where a watch reads what it is to
# return. Last, fixed dates: the same libraries are the same layer.
RUN cd /opt/venv/lib/python3*/site-packages \
 && find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
 && find . -path '*babel/locale-data/*' -name '*.dat' ! -name 'en*.dat' ! -name root.dat -delete \
 && find . \( -name '*.pyi' -o -name '*.c' -o -name '*.h' -o -name '*.pyx' -o -name '*.po' -o -name '*.map' \) -delete \
 && find . -name '*.so*' -type f -exec strip --strip-unneeded {} + \
 && clients="kubernetes/client kubernetes/aio/client kubernetes_asyncio/client" \
 && compile="python3 -m compileall -q -j0 -b --invalidation-mode unchecked-hash" \
 && apis=$(printf '%s/api ' $clients) \
 && $compile $apis && find $apis -name '*.py' -delete \
 && $compile -o 2 $clients && find $clients -name '*.py' -delete \
 && { python3 -m compileall -q -j0 --invalidation-mode unchecked-hash . || true; } \
 && find /opt/venv -exec touch --no-dereference --date=1980-01-01 {} +

# Entry points are looked up in the metadata of an installed package. A layer of its own, for it changes more often.
FROM libraries AS metadata
COPY pyproject.toml README.md LICENSE /opt/windtunnel/
COPY py/__init__.py /opt/windtunnel/py/
RUN /opt/uv/bin/uv pip install --python /opt/venv/bin/python --no-cache --offline --no-deps --no-build-isolation \
        --editable /opt/windtunnel \
 && rm /opt/venv/lib/python3*/site-packages/windtunnel-*.dist-info/uv_cache.json \
 && sed -i /uv_cache.json/d /opt/venv/lib/python3*/site-packages/windtunnel-*.dist-info/RECORD \
 && mkdir /metadata \
 && cp -r --parents /opt/venv/lib/python3*/site-packages/windtunnel-*.dist-info \
        /opt/venv/lib/python3*/site-packages/py.pth /metadata \
 && find /metadata -exec touch --date=1980-01-01 {} +

# Only the client: the engine is another one, by $DOCKER_HOST or a socket. Scanners read status.d.
FROM ${BASE} AS docker
WORKDIR /download
RUN apt-get update && apt-get download docker.io && dpkg-deb --extract docker.io_*.deb . \
 && mkdir -p /docker/usr/local/bin /docker/var/lib/dpkg/status.d \
 && mv usr/bin/docker /docker/usr/local/bin \
 && dpkg-deb --field docker.io_*.deb >/docker/var/lib/dpkg/status.d/docker.io \
 && find /docker -exec touch --date=1980-01-01 {} +

FROM ${BASE} AS base
# Nothing that git does here is written in Perl: its packages go, 47 MB, and git no longer asks for them.
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates git \
 && sed -i '/^Package: git$/,/^$/ { /^Depends:/ s/, \(liberror-\)\?perl\>//g }' /var/lib/dpkg/status \
 && apt-get autoremove -y --purge \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/* \
 && useradd -l -u 50000 -g 0 -d /opt/airflow -m -s /bin/bash airflow \
 && chmod g=u /opt/airflow
COPY --from=docker /docker /
COPY --from=libraries /opt/venv /opt/venv
# The programs by their names, from any folder.
RUN for program in checks deploy e2e prow release test_runner; do \
        printf '#!/bin/sh\nexec /opt/venv/bin/python -m py.%s "$@"\n' $program >/usr/local/bin/$program \
     && chmod +x /usr/local/bin/$program; \
    done
COPY --from=metadata /metadata /
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1

# On a machine this much is enough: `make run_airflow` mounts the code, so that edits count; and clusters at host://
# are made in there.
FROM base AS runtime
RUN apt-get update \
 && apt-get install -y --no-install-recommends iptables mount \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/*

FROM base
COPY airflow /opt/windtunnel/airflow
COPY examples /opt/windtunnel/examples
COPY scripts /opt/windtunnel/scripts
COPY py /opt/windtunnel/py
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/windtunnel/py
# Runs are where e2e looks for them: in the folder it stands in.
ENV HOME=/opt/airflow \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW_CONFIG=/opt/windtunnel/airflow/airflow.cfg \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/windtunnel/dags \
    WINDTUNNEL_RUNS=/opt/airflow/runs
USER 50000:0
WORKDIR /opt/airflow
CMD ["airflow", "version"]
# Last: a change of a DAG is a change of this layer alone.
COPY dags /opt/windtunnel/dags
