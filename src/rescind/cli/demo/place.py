"""Where the demo's flow runner is: on this host, or in a container of a Docker engine on this host.

In both, whatever it starts carries a mark in its environment, by which it is found in the process
table of this host.
"""

import json
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from rescind.cli.demo.leftovers import all_below, all_marked
from rescind.errors import InfrastructureError
from rescind.runners.executors.processtree.identity import Process
from rescind.runners.infrastructure.docker import FLOW_RUN_LABEL
from rescind.runners.infrastructure.docker_failures import docker_failures
from rescind.runners.infrastructure.hostimage import IMAGE, host_mounts, make_host_image

__all__ = ["MARK", "Here", "InContainer", "Place"]

MARK: Final = "RESCIND_DEMO"
"""In the environment of the flow runner and of all that it starts: the demo's own folder."""


class Place(Protocol):
    """One of the two. ``called``: what the flow runner is below of, or in."""

    called: str

    def prepare(self, files: Path, packed: Path) -> None:
        """Make ready what the flow runner needs there to read and write these folders."""
        ...

    @property
    def arguments(self) -> Sequence[str]:
        """What to add to ``rescind run``."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """What to add to the environment of ``rescind run``."""
        ...

    def processes(self, command_pid: int) -> list[Process]:
        """What runs of the flow, by the command that has started it."""
        ...

    def left(self) -> str | None:
        """What is left besides processes; empty: nothing is; None: nothing else was made."""
        ...

    def end(self) -> None:
        """Take away what the end of the command does not take along."""
        ...


class Here:
    """The flow runner is the command itself."""

    called = "Below the flow runner"
    arguments: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        self.environment = {MARK: str(folder)}

    def prepare(self, files: Path, packed: Path) -> None:
        del files, packed

    def processes(self, command_pid: int) -> list[Process]:
        return all_below(command_pid)

    def left(self) -> str | None:
        return None

    def end(self) -> None:
        pass


class InContainer:
    """The command has started it, and follows it."""

    called = "In its container"
    environment: Mapping[str, str] = {}

    def __init__(self, folder: Path, flow_run_id: str) -> None:
        self._folder = folder
        self._file = folder / "deployment.toml"
        self._flow_run_id = flow_run_id
        self.arguments = ["--on", "docker", "--deployment", str(self._file)]

    def prepare(self, files: Path, packed: Path) -> None:
        """Raises `InfrastructureError`."""
        make_host_image()
        table = {
            "image": IMAGE,
            "command": [sys.executable, "-P", "-m", "rescind"],
            # The embedded Kafka listens on this host's loopback alone.
            "network": "host",
            "mounts": [*host_mounts(), f"{files}:{files}:ro", f"{packed}:{packed}"],
            # Of another user's processes the table does not tell the environment.
            "user": f"{os.getuid()}:{os.getgid()}",
            "working_dir": "/tmp",  # noqa: S108 - in the container, where it is nobody else's.
        }
        own = {MARK: str(self._folder), "HOME": "/tmp", "RESCIND_DATA_DIR": "/tmp/rescind"}  # noqa: S108
        # An array or a string is written in TOML as it is in JSON.
        lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        lines += ["[docker.environment]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in own.items()]
        self._file.write_text("\n".join(["[docker]", *lines, ""]), encoding="utf-8")

    def processes(self, command_pid: int) -> list[Process]:
        del command_pid
        return all_marked(MARK, self._folder)

    def left(self) -> str | None:
        """Ask the engine; what has ended and was not taken away is left as well."""
        try:
            with self._containers() as found:
                return ", ".join(f"{each.name} is {each.status}" for each in found)
        except InfrastructureError as error:
            return str(error)

    def end(self) -> None:
        """Of a demo that was not played to its end, nobody else ends the container.

        Raises `InfrastructureError`.
        """
        with self._containers() as found:
            for container in found:
                container.remove(force=True)

    @contextmanager
    def _containers(self) -> Generator[list[Any]]:
        from docker import DockerClient

        with docker_failures("the demo's container"):
            engine = DockerClient.from_env()
            try:
                yield engine.containers.list(
                    all=True,
                    filters={"label": f"{FLOW_RUN_LABEL}={self._flow_run_id}"},
                    ignore_removed=True,
                )
            finally:
                engine.close()
