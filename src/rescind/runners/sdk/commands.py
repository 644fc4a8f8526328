"""`CommandTask`: a command that can be a task run, stopped with all that it started."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from rescind.errors import CommandFailedError, UnsupportedTaskError
from rescind.runners.executors.base import Command, CommandResult
from rescind.runners.sdk.futures import TaskFuture
from rescind.runners.sdk.options import TaskOptions
from rescind.runners.sdk.plainly import outcome_now
from rescind.runners.sdk.session import body_here
from rescind.runners.sdk.tasks import submit_to

__all__ = ["CommandTask"]


class CommandTask:
    """A command as a task: a list of arguments, or a line for the shell.

    What `submit` or a call is given is added: to a list at its end, to a line as ``$1``, ``$2``,
    so nothing has to be quoted. Its value is a `CommandResult`; an exit code other than 0 is a
    failure (`CommandFailedError`). On a cancel it gets SIGINT, then SIGTERM, then SIGKILL, in
    every executor, with every process that it started.

    Args:
        command: ``["gzip", "-k"]``, or ``'tar czf "$1" data'``.
        name: of its task runs; by default the name of the program, or the line.
        cwd: where it runs; by default where the runner does.
        environ: added to the runner's environment.
        output_bytes_max: how much of the end of its output is kept.
        options: `retries`, `timeout_seconds` and so on, as for `task`.

    """

    def __init__(
        self,
        command: Sequence[str] | str,
        *,
        name: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        output_bytes_max: int = 16 * 1024,
        **options: Any,
    ) -> None:
        line = command if isinstance(command, str) else " ".join(command)
        if not line.strip():
            raise UnsupportedTaskError(name or "command", "has nothing to run", "name a program")
        self.name = name or (line if isinstance(command, str) else PurePath(command[0]).name)
        self.options = TaskOptions(**options)
        self.options.check(self.name)
        self._command = command
        self._cwd = None if cwd is None else os.fspath(cwd)
        self._environ = dict(environ or {})
        self._output_bytes_max = output_bytes_max

    def __repr__(self) -> str:
        return f"<CommandTask {self.name!r}>"

    def __call__(self, *arguments: str | os.PathLike[str]) -> CommandResult:
        """Run it here and wait for it.

        Raises:
            CommandFailedError: its exit code is not 0.
            OSError: there is no such program.

        """
        done = subprocess.run(
            self._argv(arguments),
            cwd=self._cwd,
            env=os.environ | self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        kept = done.stdout[-self._output_bytes_max :].decode(errors="replace")
        if done.returncode != 0:
            raise CommandFailedError(self.name, done.returncode, kept)
        return CommandResult(kept, len(done.stdout) > self._output_bytes_max)

    def submit(self, *arguments: str | os.PathLike[str]) -> TaskFuture[CommandResult]:
        """Have it run as a task run of the flow that this is called in; else here and now.

        Raises:
            WrongPlaceError: this is a task, or a thread beside the flow.
            Cancelled: the flow run is being cancelled; nothing more is submitted.

        """
        body = body_here()
        if body is None:
            return TaskFuture(self.name, self.name, outcome_now(lambda: self(*arguments)), None)
        does = Command(
            self._argv(arguments),
            cwd=self._cwd,
            environ=self._environ,
            output_bytes_max=self._output_bytes_max,
        )
        cleanup = self.options.cleanup(self.name, arguments, {})
        return submit_to(body, self.name, does, self.options, cleanup)

    def _argv(self, arguments: Sequence[str | os.PathLike[str]]) -> tuple[str, ...]:
        added = tuple(os.fspath(argument) for argument in arguments)
        if isinstance(self._command, str):
            return ("/bin/sh", "-c", self._command, "sh", *added)
        return (*self._command, *added)
