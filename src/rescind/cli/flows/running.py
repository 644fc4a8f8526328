"""`rescind run FILE:FLOW`: this process becomes the flow runner of one flow run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from rescind.cli.debugging import debugging
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.logs import configure_logging
from rescind.runners.executors import Executor, LocalExecutor, ProcessExecutor, ThreadExecutor
from rescind.runners.flowrunner.runner import FlowOutcome
from rescind.runners.flowrunner.watching import Happening
from rescind.runners.sdk.loading import load_flow, read_params

__all__ = ["FlowCommand", "executor_of", "run_flow"]


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


def executor_of(name: str, workers: int | None) -> Executor:
    """The executor of that name; `workers` None: as many as it has by itself."""
    if name == "thread":
        return ThreadExecutor() if workers is None else ThreadExecutor(workers)
    if name == "local":
        return LocalExecutor()
    return ProcessExecutor(workers)


def run_flow(command: FlowCommand, *, as_json: bool) -> Exit:
    """Load the flow, run it to its end, and say how it ended.

    Raises `FlowImportError`, or what the service says against it.
    """
    configure_logging("DEBUG" if debugging.get() else "WARNING")
    output = Output(as_json=as_json)
    flow = load_flow(command.target)
    params = read_params(flow, command.params, command.target)
    outcome = flow.run(
        executor_of(command.executor, command.workers),
        params=params,
        flow_run_id=command.flow_run_id,
        labels=command.labels,
        namespace=command.namespace,
        rerun_of=command.rerun_of,
        offline=command.offline,
        tell=_teller(output),
    )
    return _say(outcome, output)


def _teller(output: Output) -> Callable[[Happening], None]:
    def tell(happening: Happening) -> None:
        if happening.what == "registered":
            output.say(f"flow run {happening.message}")
        elif happening.what in ("told", "lost"):
            output.say(Text(happening.message, style="bold yellow"))

    return tell


def _say(outcome: FlowOutcome, output: Output) -> Exit:
    if output.as_json:
        output.document(
            {
                "flow_run_id": outcome.flow_run_id,
                "state": outcome.state,
                "value": repr(outcome.value),
                "message": outcome.message,
            }
        )
    else:
        told = f"{outcome.flow_run_id} {outcome.state}"
        output.show(f"{told}: {outcome.message}" if outcome.message else told)
    return Exit.OK if outcome.state == "success" else Exit.REFUSED
