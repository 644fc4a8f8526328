"""`rescind run FILE:FLOW --on KIND`: the flow runner is started elsewhere, and followed to its end.

This command shows what that one prints, hands Ctrl-C and SIGTERM on as a cancel of the flow run,
and ends with its exit code. It is not needed for anything else: without it the job goes on, is
cancelled as any flow run is, and is ended from outside by a `rescind runner` if it does not answer.
"""

import asyncio
import signal
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

from rescind.cli.asking.answers import answer_of
from rescind.cli.asking.sending import Asker
from rescind.cli.asking.subjects import Subject
from rescind.cli.asking.wanted import Cancel
from rescind.cli.debugging import debugging
from rescind.cli.exits import Exit
from rescind.cli.flows.running import FlowCommand, look_for_kafka, set_up_logs
from rescind.cli.looping import in_loop
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, read_settings
from rescind.errors import DeploymentError, InfrastructureError, RescindError
from rescind.events.words import Handle, Mode
from rescind.kafka.connection import connect
from rescind.kafka.topics import TopicNames
from rescind.runners.infrastructure.base import Infrastructure, Job, Status
from rescind.runners.infrastructure.deployment import Deployment, read_deployment
from rescind.runners.infrastructure.kinds import BACKENDS, Kind, infrastructure
from rescind.settings import Settings

__all__ = ["DEPLOYMENT_FILE", "run_on"]

DEPLOYMENT_FILE: Final = Path("deployment.toml")
_LOOK_AGAIN_SECONDS: Final = 2.0
_SHOWN_SECONDS_MAX: Final = 5.0
_OWN_CODES: Final = frozenset(int(code) for code in Exit)


def run_on(kind: Kind, file: Path | None, command: FlowCommand, *, as_json: bool) -> int:
    """Start the flow runner there and follow it; its exit code.

    Raises `DeploymentError`, another `InfrastructureError`, `ExtraMissingError`, or
    `BrokerUnsupportedError`.
    """
    set_up_logs()
    output = Output(as_json=as_json)
    if command.offline:
        raise typer.BadParameter("expected --on or --offline, but got both")
    command.check()
    settings = read_settings()
    deployment = _deployment(kind, file)
    place = infrastructure(kind, deployment)
    in_loop(look_for_kafka(settings, output))
    flow_run_id = command.flow_run_id or uuid.uuid4().hex
    flags = ["--debug"] if debugging.get() else []
    job = Job(
        flow_run_id=flow_run_id,
        arguments=[*flags, *command.arguments(flow_run_id, as_json=as_json)],
        environment=_environment(kind, deployment, settings),
        secrets=_secrets(kind, settings),
    )
    look_seconds = BACKENDS[kind].look_seconds
    followed = _Followed(place, job, settings, output, look_seconds=look_seconds)
    return in_loop(followed.run())


def _deployment(kind: Kind, file: Path | None) -> Deployment:
    path = file or DEPLOYMENT_FILE
    if file is None and not path.is_file():
        if BACKENDS[kind].needs_table:
            why = f"there is none; write a [{kind}] table, or name another file"
            raise DeploymentError(str(path), why)
        return Deployment()
    deployment = read_deployment(path)
    if BACKENDS[kind].needs_table and getattr(deployment, kind) is None:
        raise DeploymentError(str(path), f"it has no [{kind}] table")
    return deployment


def _environment(kind: Kind, deployment: Deployment, settings: Settings) -> Mapping[str, str]:
    """What it has to know of Kafka. Never the keys that sign for the service."""
    if kind == "process":
        # It has all that this process has.
        return deployment.process.environment
    told = {
        "RESCIND_BOOTSTRAP": connect(settings).bootstrap,
        "RESCIND_TOPIC_PREFIX": settings.topic_prefix,
        "RESCIND_HEARTBEAT_SECONDS": f"{settings.heartbeat_seconds:g}",
        "RESCIND_LOST_AFTER_SECONDS": f"{settings.lost_after_seconds:g}",
        "RESCIND_SECURITY_PROTOCOL": settings.security_protocol,
        "RESCIND_SASL_MECHANISM": settings.sasl_mechanism,
    }
    if settings.sasl_username:
        told["RESCIND_SASL_USERNAME"] = settings.sasl_username
    return told


def _secrets(kind: Kind, settings: Settings) -> Mapping[str, str]:
    # A process of this host has them as this one has.
    if kind == "process" or not (settings.sasl_username and settings.sasl_password):
        return {}
    return {"RESCIND_SASL_PASSWORD": settings.sasl_password.get_secret_value()}


class _Followed:
    """A job, from its start to its end."""

    def __init__(
        self,
        place: Infrastructure,
        job: Job,
        settings: Settings,
        output: Output,
        *,
        look_seconds: float,
    ) -> None:
        self._place = place
        self._job = job
        self._settings = settings
        self._output = output
        self._look_seconds = look_seconds
        self._times = 0
        self._leaves = asyncio.Event()
        self._asking: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._asked, "Ctrl-C")
        loop.add_signal_handler(signal.SIGTERM, self._asked, "SIGTERM")
        handle = await asyncio.to_thread(self._place.start, self._job)
        showing = threading.Thread(target=self._show, args=(handle,), daemon=True)
        showing.start()
        status = await self._until_ended(handle)
        if status is None:
            self._output.say(
                f"flow run {self._job.flow_run_id} goes on; `rescind show` says how it ends"
            )
            return Exit.INTERRUPTED
        await asyncio.to_thread(showing.join, _SHOWN_SECONDS_MAX)
        if self._asking:
            await asyncio.wait(self._asking)
        await self._clear(handle)
        return self._said(status)

    async def _until_ended(self, handle: Handle) -> Status | None:
        """None: nobody wants to wait any longer."""
        leaving = asyncio.create_task(self._leaves.wait())
        try:
            while not leaving.done():
                status = await self._look(handle)
                if status is not None and status.state != "running":
                    return status
                pause = self._look_seconds if status is not None else _LOOK_AGAIN_SECONDS
                await asyncio.wait({leaving}, timeout=pause)
            return None
        finally:
            leaving.cancel()

    async def _look(self, handle: Handle) -> Status | None:
        """None: that cannot be known now."""
        try:
            return await asyncio.to_thread(self._place.status, handle)
        except InfrastructureError as error:
            if not error.is_transient:
                raise
            self._output.complain(f"{error}. Asking again")
            return None

    def _show(self, handle: Handle) -> None:
        try:
            self._place.show(handle)
        except InfrastructureError as error:
            self._output.complain(f"{error}. What it prints is not shown any more")

    async def _clear(self, handle: Handle) -> None:
        try:
            await asyncio.to_thread(self._place.clear, handle)
        except InfrastructureError as error:
            self._output.complain(f"{error}. What is left of it was not taken away")

    def _asked(self, by: str) -> None:
        if by == "SIGTERM" and self._times:
            # A host asks once, however often: counted, two of `timeout` would make a person's
            # Ctrl-C the third.
            return
        self._times += 1
        if self._times > 2:
            self._leaves.set()
            return
        task = asyncio.create_task(self._cancel(by, abort=self._times > 1))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _cancel(self, by: str, *, abort: bool) -> None:
        """Ask the service: the job may be deaf."""
        flow_run_id = self._job.flow_run_id
        mode = Mode.ABORT if abort else Mode.GRACEFUL
        wanted = Cancel(ids=[flow_run_id], reason=by, mode=mode)
        request = wanted.request_for(Subject(flow_run_id))
        session = Session(
            self._settings, connect(self._settings), TopicNames(self._settings.topic_prefix), ""
        )
        try:
            async with Asker(session) as asker:
                entry = await asker.ask(request, within_seconds=10)
        except RescindError as error:
            self._output.complain(f"{error}")
            return
        self._output.say(f"{flow_run_id} {answer_of(entry, None).sentence}", "bold yellow")

    def _said(self, status: Status) -> int:
        """The exit code; a job that could not say how its flow run ended is spoken for."""
        code = status.exit_code
        if code is not None and code in _OWN_CODES:
            return code
        how = "" if code is None else f" with the exit code {code}"
        self._output.complain(
            f"expected the {self._place.kind} of flow run {self._job.flow_run_id} to say how that "
            f"ended, but it has ended{how}; `rescind show {self._job.flow_run_id}` says it"
        )
        return Exit.REFUSED
