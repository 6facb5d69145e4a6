# syntax=docker/dockerfile:1
# The operator: a virtual environment from locked, hashed requirements, and the package beside it.
FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/run.txt /build/run.txt
RUN python -m venv --without-pip /opt/pgtend \
    && pip install --prefix=/opt/pgtend --ignore-installed --only-binary=:all: --require-hashes --no-deps -r /build/run.txt
COPY operator/pgtend /opt/pgtend/lib/python3.11/site-packages/pgtend
RUN /opt/pgtend/bin/python -m compileall -q /opt/pgtend/lib

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="pgtend" \
      org.opencontainers.image.description="A Kubernetes operator that tends Postgres databases" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/pgtend /opt/pgtend
COPY LICENSE /licenses/LICENSE
# 65532 is what distroless images call nonroot; /var/lib/pgtend takes the volume of the history.
RUN groupadd --gid 65532 pgtend \
    && useradd --uid 65532 --gid 65532 --home-dir /var/lib/pgtend --create-home --shell /usr/sbin/nologin pgtend
# The file system may be read-only: nothing is written but the history and /tmp.
ENV PATH=/opt/pgtend/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /var/lib/pgtend
EXPOSE 8080
ENTRYPOINT ["python", "-m", "pgtend"]
CMD ["run"]
