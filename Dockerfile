# The service: `rescind topics create`, `rescind worker`, `agents`, `server`. Runners need no image
# of ours: they are the user's own, with the base package inside.
ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY . .
# The versions that the tests ran with; hashes cannot be asked for beside a wheel made here.
RUN sed -n 's/^\([A-Za-z0-9._-]*==[^ ;]*\).*/\1/p' requirements-dev.txt > constraints.txt \
 && python3 -m venv /opt/rescind \
 && /opt/rescind/bin/pip wheel --quiet --no-deps --constraint constraints.txt --wheel-dir dist . \
 && /opt/rescind/bin/pip install --quiet --no-cache-dir --no-compile \
      --constraint constraints.txt "$(ls dist/rescind-*.whl)[service]"

FROM ${PYTHON_IMAGE}
RUN useradd --uid 10001 --create-home --home-dir /var/lib/rescind rescind
COPY --from=build /opt/rescind /opt/rescind
ENV PATH=/opt/rescind/bin:$PATH \
    PYTHONUNBUFFERED=1
USER rescind
WORKDIR /var/lib/rescind
# That the broker answers and its topics are as they should be. That the process makes progress is
# its own affair: it ends when it makes none, and is started again.
HEALTHCHECK --interval=20s --timeout=15s --start-period=30s --retries=3 \
    CMD ["rescind", "topics", "check"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["rescind"]
CMD ["worker"]
