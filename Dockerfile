# One image for every process kind: web (the default command), worker, scheduler, migrate.
# It runs as a user without rights, with a read-only root; only /data and /tmp are written to, and
# by the vector index /vectors.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
COPY requirements-uv.txt requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
    && python -m venv --without-pip /opt/venv \
    && uv pip install --no-cache --compile-bytecode --no-deps --require-hashes \
        --python /opt/venv/bin/python -r requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_ENV=production \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8080
RUN groupadd --system --gid 10001 cland \
    && useradd --system --uid 10001 --gid cland --home-dir /data --shell /usr/sbin/nologin cland \
    && install --directory --owner=cland --group=cland --mode=0750 /data /vectors
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/cland
COPY . .
RUN python -m compileall -q .
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-m", "deploy.healthcheck"]
# Exec form: the server is process 1 and gets SIGTERM itself; it closes sockets and drains.
CMD ["python", "manage.py", "serve"]
