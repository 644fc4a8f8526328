"""`rescind run FILE[:FLOW]`: this process becomes the flow runner of one flow run."""

import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pydantic_core import ValidationError

from rescind.cli.debugging import debugging
from rescind.cli.exits import Exit
from rescind.cli.flows.place import where
from rescind.cli.looping import in_loop
from rescind.cli.options import misused
from rescind.cli.printing.output import Output
from rescind.cli.session import read_settings
from rescind.errors import BrokerUnavailableError
from rescind.events.requests import FlowRegister
from rescind.kafka.connection import connect
from rescind.kafka.versions import require_supported_broker
from rescind.logs import configure_logging
from rescind.runners.executors import (
    AsyncExecutor,
    Executor,
    LocalExecutor,
    ProcessExecutor,
    ThreadExecutor,
)
from rescind.runners.flowrunner.spec import FlowOutcome
from rescind.runners.flowrunner.watching import Happening
from rescind.runners.infrastructure.hosted import take_handle
from rescind.runners.sdk.loading import load_flow, read_params
from rescind.settings import Settings
from rescind.telling.words import plain
from rescind.tracing.exporting import traced

__all__ = ["FlowCommand", "executor_of", "look_for_kafka", "run_flow", "set_up_logs"]

_LOOK_SECONDS: Final = 2.0
_CHARACTERS_MAX: Final = 2_000

# What these say of a broker that is away, the command says itself, once and in its own words.
_SAID_HERE: Final = ("rescind.kafka.clients.starting", "rescind.runners.client.connecting")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCommand:
    """What `run` was asked to do."""

    target: str
    executor: str = "process"
    workers: int | None = None
    params: Sequence[str] = ()
    flow_run_id: str = ""
    labels: Mapping[str, str]
    namespace: str = "default"
    rerun_of: str | None = None
    offline: bool = False

    def check(self) -> None:
        """Raises `typer.BadParameter` if something that was typed does not fit."""
        try:
            FlowRegister(
                flow_run_id=self.flow_run_id or "a-new-one",
                labels=dict(self.labels),
                namespace=self.namespace,
                rerun_of=self.rerun_of,
            )
        except ValidationError as error:
            raise misused(error) from None

    def arguments(self, flow_run_id: str, *, as_json: bool) -> list[str]:
        """The same command under this id, for another process; all but ``--offline``."""
        said = ["run", self.target, "--executor", self.executor, "--flow-run-id", flow_run_id]
        said += [] if self.workers is None else ["--workers", str(self.workers)]
        for param in self.params:
            said += ["--param", param]
        for key, value in self.labels.items():
            said += ["--label", f"{key}={value}"]
        said += ["--namespace", self.namespace]
        said += [] if self.rerun_of is None else ["--rerun-of", self.rerun_of]
        return [*said, "--json"] if as_json else said


def executor_of(chosen: str, workers: int | None) -> Executor:
    """The executor of that name; `workers` None: as many as it has by itself.

    Raises `ExtraMissingError`.
    """
    name, _, address = chosen.partition(":")
    if name == "dask":
        # Late: it takes a second, and an extra.
        from rescind.runners.executors import DaskExecutor

        return DaskExecutor(workers, address=address or None)
    if name == "thread":
        return ThreadExecutor() if workers is None else ThreadExecutor(workers)
    if name == "local":
        return LocalExecutor()
    if name == "async":
        return AsyncExecutor() if workers is None else AsyncExecutor(workers)
    return ProcessExecutor(workers)


def run_flow(command: FlowCommand, *, as_json: bool) -> Exit:
    """Load the flow, run it to its end, and say how it ended.

    Raises `FlowImportError`, `BrokerUnsupportedError`, or what the service says against it.
    """
    # Before anything is imported or started that is the user's.
    handle = take_handle(command.flow_run_id)
    set_up_logs()
    output = Output(as_json=as_json)
    command.check()
    flow = load_flow(command.target)
    params = read_params(flow, command.params, command.target)
    if not command.offline:
        in_loop(look_for_kafka(read_settings(), output))
    # After the user's file: what that sets up for spans is gone by.
    with traced("rescind-flow-runner"):
        outcome = flow.run(
            executor_of(command.executor, command.workers),
            params=params,
            flow_run_id=command.flow_run_id,
            labels=command.labels,
            namespace=command.namespace,
            rerun_of=command.rerun_of,
            handle=handle,
            offline=command.offline,
            tell=_teller(output),
            cancel_on=(signal.SIGTERM,),
        )
    return _say(outcome, output)


def set_up_logs() -> None:
    """A person reads it: no more than warnings, and of Kafka only what the command says."""
    configure_logging("DEBUG" if debugging.get() else "WARNING")
    if not debugging.get():
        logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
        for name in _SAID_HERE:
            logging.getLogger(name).setLevel(logging.ERROR)


async def look_for_kafka(settings: Settings, output: Output) -> None:
    """Say it if the flow will have to wait. Raises `BrokerUnsupportedError`."""
    try:
        await require_supported_broker(connect(settings), wait_seconds=_LOOK_SECONDS)
    except BrokerUnavailableError as error:
        output.complain(f"{error}. Waiting for it; Ctrl-C gives up, --offline does without")


def _teller(output: Output) -> Callable[[Happening], None]:
    flow_run_id = ""
    state: Literal["cancelled", "lost"] = "cancelled"

    def tell(happening: Happening) -> None:
        nonlocal flow_run_id, state
        if happening.what == "registered":
            flow_run_id = happening.message
            output.say(f"flow run {flow_run_id}")
        elif happening.what in {"told", "lost", "asked_early"}:
            output.say(happening.message, "bold yellow")
            state = "lost" if happening.what == "lost" else state
        elif happening.what == "exits":
            # `run` does not come back from this one.
            _say(FlowOutcome(flow_run_id, state, message=happening.message), output)

    return tell


def _say(outcome: FlowOutcome, output: Output) -> Exit:
    error = outcome.error
    if output.as_json:
        output.document(
            {
                "flow_run_id": outcome.flow_run_id,
                "state": outcome.state,
                "value": _shown(outcome.value) if outcome.state == "success" else None,
                "message": outcome.message,
            }
        )
    else:
        told = f"{outcome.flow_run_id} {outcome.state}"
        message = plain(outcome.message, _CHARACTERS_MAX)
        output.show(f"{told}: {message}" if message else told)
    if error is not None and outcome.state == "failed":
        output.say(where(error), "dim")
    return Exit.OK if outcome.state == "success" else Exit.REFUSED


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - it is the user's code, and the run has ended well.
        return f"{type(value).__name__}, whose repr raised {type(error).__name__}: {error}"
