"""A flow runner as a container of a Docker engine.

The engine's own id is the scope, so that an address that leads to another engine (a moved socket,
another ``DOCKER_HOST``) claims nothing. A container is known again by a label with a random mark,
never by its name: names are given anew.

Containers get an init (``--init``): as process 1 a program without a handler is not sent SIGTERM by
the kernel at all. What was stopped is left for its logs to be read, until `clear`.
"""

import math
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TextIO

from rescind.errors import (
    ExtraMissingError,
    NotMatchingError,
    NotStartedError,
    StillRunningError,
    UnsupportedError,
)
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import (
    HANDLE_VARIABLE,
    JOB_VARIABLE,
    Evidence,
    Job,
    Status,
)
from rescind.runners.infrastructure.deployment import DockerDeployment
from rescind.runners.infrastructure.docker_failures import GoneError, docker_failures, knock

__all__ = ["FLOW_RUN_LABEL", "KIND", "MARK_LABEL", "DockerInfrastructure"]

KIND: Final = "docker"
MARK_LABEL: Final = "rescind.mark"
FLOW_RUN_LABEL: Final = "rescind.flow_run_id"

_ANSWER_SECONDS_MAX: Final = 60
_ALIVE: Final = frozenset({"running", "paused", "restarting"})


class DockerInfrastructure:
    """The engine that ``DOCKER_HOST`` names, or the one of this machine.

    Args:
        deployment: how containers are made; without it none can be started.

    Raises:
        ExtraMissingError: the client's package is not installed.
        InfrastructureError: no engine answers, or not to us.

    """

    kind = KIND

    def __init__(self, deployment: DockerDeployment | None = None) -> None:
        try:
            from docker import DockerClient
        except ImportError:
            raise ExtraMissingError("docker", "docker") from None
        self._deployment = deployment
        with docker_failures("the Docker engine"):
            knock()
            self._engine = DockerClient.from_env(timeout=_ANSWER_SECONDS_MAX)
            engine_id = self._engine.info().get("ID")
        if not engine_id:
            raise UnsupportedError("this engine", "it does not say its id")
        self.scope = f"docker:{engine_id}"

    def start(self, job: Job) -> Handle:
        made = self._deployment
        what = f"a container for flow run {job.flow_run_id}"
        if made is None:
            raise NotStartedError(what, "it is not said how: a [docker] table is missing")
        mark = secrets.token_hex(16)
        handle = Handle(
            kind=KIND,
            scope=self.scope,
            identity={"mark": mark, "container": f"rescind-{mark[:12]}"},
            exclusive_to=job.flow_run_id,
        )
        with docker_failures(what, not_started=True):
            container = self._engine.containers.create(
                made.image,
                [*made.command, *job.arguments],
                name=f"rescind-{mark[:12]}",
                init=True,
                labels={MARK_LABEL: mark, FLOW_RUN_LABEL: job.flow_run_id},
                environment={
                    **job.environment,
                    **job.secrets,
                    **made.environment,
                    HANDLE_VARIABLE: handle.model_dump_json(exclude_none=True),
                    JOB_VARIABLE: mark,
                },
                volumes=made.mounts,
                network=made.network,
                working_dir=made.working_dir,
                user=made.user,
                # With a shell, or an image's own entry, the command would be its argument.
                entrypoint=[],
            )
        try:
            with docker_failures(what, not_started=True):
                container.start()
        except BaseException:
            with docker_failures(what):
                container.remove(force=True)
            raise
        return handle

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        what, found = self._find(handle)
        if found is None:
            return Evidence("not_found", {"container": what})
        with docker_failures(what):
            found.reload()
        if found.status not in _ALIVE:
            return Evidence("ended", _facts(found))
        try:
            with docker_failures(what):
                # A frozen one could not hear of it, and with a version 1 cgroup not even be killed.
                if found.status == "paused":
                    found.unpause()
                # 304, it has ended by itself, is no error of the client's.
                found.stop(timeout=math.ceil(grace_seconds))
        except GoneError:
            return Evidence("not_found", {"container": what})
        found = self._find(handle)[1]
        if found is None:
            return Evidence("killed", {"container": what, "removed": True})
        if found.status in _ALIVE or found.attrs["State"]["Pid"]:
            raise StillRunningError(what, f"the engine says that it is {found.status}")
        return Evidence("killed" if _exit_code(found) == 137 else "terminated", _facts(found))

    def status(self, handle: Handle) -> Status:
        found = self._find(handle)[1]
        if found is None:
            return Status("not_found")
        if found.status in _ALIVE or found.status == "created":
            return Status("running")
        return Status("ended", _exit_code(found))

    def show(self, handle: Handle) -> None:
        what, found = self._find(handle)
        if found is None:
            return
        # One request for each stream: the client tells them apart by `attach` alone, and that
        # waits for ever for what has ended before it was asked.
        with ThreadPoolExecutor(2, "output") as threads:
            for showing in [
                threads.submit(_copy, what, found, {"stdout": True, "stderr": False}, sys.stdout),
                threads.submit(_copy, what, found, {"stdout": False, "stderr": True}, sys.stderr),
            ]:
                showing.result()

    def clear(self, handle: Handle) -> None:
        what, found = self._find(handle)
        if found is not None:
            try:
                with docker_failures(what):
                    found.remove()
            except GoneError:
                return

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.close()

    def _find(self, handle: Handle) -> tuple[str, Any | None]:
        """The container that carries the mark, by the name that it was given.

        Raises `NotMatchingError`: it is of another engine.
        """
        mark, what = handle.identity.get("mark"), str(handle.identity.get("container"))
        if (handle.kind, handle.scope) != (KIND, self.scope):
            raise NotMatchingError(what, f"it is a {handle.kind} in {handle.scope}")
        if not isinstance(mark, str) or not mark:
            raise NotMatchingError(what, "its identity has no fitting 'mark'")
        wanted = [f"{MARK_LABEL}={mark}", f"{FLOW_RUN_LABEL}={handle.exclusive_to or ''}"]
        with docker_failures(what):
            # Those that vanish between two answers are left out, as they are gone.
            found = self._engine.containers.list(
                all=True, filters={"label": wanted}, ignore_removed=True
            )
        if len(found) > 1:
            raise NotMatchingError(what, f"{len(found)} containers carry its mark")
        return what, found[0] if found else None


def _copy(what: str, container: Any, which: dict[str, bool], to: TextIO) -> None:
    with docker_failures(what):
        for said in container.logs(stream=True, follow=True, **which):
            to.write(said.decode(errors="replace"))
            to.flush()


def _exit_code(container: Any) -> int:
    return int(container.attrs["State"]["ExitCode"])


def _facts(container: Any) -> dict[str, Any]:
    state = container.attrs["State"]
    return {
        "container": container.name,
        "container_id": container.id,
        "exit_code": _exit_code(container),
        "finished_at": state["FinishedAt"],
        "out_of_memory": bool(state.get("OOMKilled")),
    }
