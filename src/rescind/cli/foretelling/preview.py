"""What a cancel would do, without asking for it: `rescind cancel --dry-run`.

The same rule answers as over HTTP and on the pages, in the same words. It holds at this moment; the
service decides by what holds when the request comes.
"""

from collections.abc import Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from rescind.cli.asking.choosing import Known
from rescind.cli.asking.subjects import Subject
from rescind.cli.asking.wanted import Cancel
from rescind.cli.exits import Exit, exit_of
from rescind.cli.foretelling.cancellable import read_cancellable
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import Session
from rescind.errors import AmbiguousIdError, UnknownRunError
from rescind.events.states import FlowState
from rescind.events.words import CascadePolicy
from rescind.processors.worker import policy_of
from rescind.server.api.reads.forecast import Forecast, forecast
from rescind.server.web.cancelling.forecasting import teardown_lines
from rescind.server.web.shared.words import ABORT_FATES, FATES, POLICIES
from rescind.telling.words import counted, plain, short

__all__ = ["preview", "what_would_happen"]


async def preview(session: Session, command: Cancel, known: Known, output: Output) -> Exit:
    worst = Exit.OK
    documents: list[dict[str, Any]] = []
    for typed, found in known.items():
        flow_run_id = _meant(typed, found, arm=command.arm)
        if flow_run_id is None:
            assert not isinstance(found, FlowState)
            worst = max(worst, exit_of(found))
            output.complain(str(found))
            documents.append({"flow_run_id": typed, "state": None, "message": str(found)})
            continue
        for subject in command.subjects([flow_run_id]):
            said = await _forecast(session, command, subject)
            documents.append(_document(subject, said))
            _show(subject, said, output, is_abort=command.kills_at_once)
    if output.as_json:
        output.document(documents)
    return worst


def _meant(
    typed: str, found: FlowState | UnknownRunError | AmbiguousIdError, *, arm: bool
) -> str | None:
    if isinstance(found, FlowState):
        return found.flow_run_id
    return typed if arm and isinstance(found, UnknownRunError) else None


async def _forecast(session: Session, command: Cancel, subject: Subject) -> Forecast:
    policy = policy_of(session.settings)
    found = await read_cancellable(session, *subject, waiting_max=policy.sweep_chunk)
    return forecast(command.request_for(subject), found, policy)


def _document(subject: Subject, said: Forecast) -> dict[str, Any]:
    body: dict[str, Any] = {"flow_run_id": subject.flow_run_id}
    if subject.task_run_id is not None:
        body["task_run_id"] = subject.task_run_id
    return body | {"message": what_would_happen(said)} | said.model_dump(mode="json")


def _show(subject: Subject, said: Forecast, output: Output, *, is_abort: bool) -> None:
    output.show(f"{subject} {what_would_happen(said)}")
    if not said.can_cancel:
        return
    if said.runners:
        output.show(_runners_table(said, is_abort=is_abort))
    for line in _what_else(said, is_abort=is_abort):
        output.show(line)


def _what_else(said: Forecast, *, is_abort: bool) -> Iterator[str]:
    """What is torn down, and what becomes of children, a line each."""
    for torn in teardown_lines(None if is_abort else said, said, short):
        warning = f" ({plain(torn.warning)})" if torn.warning else ""
        yield f"{plain(torn.what)}: {torn.said}{warning}"
    children = [child for child in said.children if child.is_open]
    for child in children:
        yield f"child {plain(child.flow_run_id)} {POLICIES[child.policy]}"
    counts = said.children_counts
    if not said.children and counts.waited_for:
        # Of a task run that stands for one, and is cancelled alone.
        yield f"the child flow run {POLICIES[CascadePolicy.WAIT]}"
    elif (more := _running_children(said) - len(children)) > 0:
        yield f"and {counted(more, 'child flow run')} more"


def _running_children(said: Forecast) -> int:
    counts = said.children_counts
    return counts.waited_for + counts.asked + counts.left_alone


def what_would_happen(said: Forecast) -> str:
    """In one sentence, after the name of the run."""
    state = "is" if said.state is None else f"is {said.state}:"
    if said.outcome not in {"cancelling", "cancelled", "escalated"}:
        return f"{state} {_otherwise(said)}"
    return f"{state} {said.reason} ({', '.join(_counts(said))})"


def _counts(said: Forecast) -> Iterator[str]:
    children = _running_children(said)
    if said.running:
        yield f"{counted(said.running, 'task run')} running"
    if children:
        yield f"{counted(children, 'child flow run')} running"
    if not said.running and not children:
        yield "nothing running"
    if said.state == "Pending.Retrying":
        yield "not tried again"
    elif said.not_started:
        yield f"{said.not_started} not to start any more"


def _otherwise(said: Forecast) -> str:
    match said.outcome:
        case "already_cancelling":
            return f"asking again changes nothing: {plain(said.reason)}"
        case "armed" if said.state is None:
            return f"known to nobody: {said.reason.partition('; ')[2] or plain(said.reason)}"
        case _:
            return f"it would be refused: {plain(said.reason)}"


def _runners_table(said: Forecast, *, is_abort: bool = False) -> Table:
    """What becomes of what each runner holds, as the page of a cancel has it."""
    fates = FATES | ABORT_FATES if is_abort else FATES
    table = columns(("RUNNER", "HOLDS", "EXECUTOR", "WHAT BECOMES OF IT"))
    for runner in said.runners:
        fate = Text(fates[runner.fate])
        if runner.survivors:
            fate.append(f"; may survive: {plain(runner.survivors)}", style="yellow")
        table.add_row(
            short(runner.runner_id) or "nobody in particular",
            str(runner.task_runs),
            plain(runner.executor or ""),
            fate,
        )
    return table
