"""`rescind cancel ID…`: asks, says what was answered, and with ``--wait`` follows to the end.

Each run is asked for and answered by itself, so that a refusal of one does not keep the others
from being asked. What is printed to stdout is what happened; what did not goes to stderr.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import ValidationError

from rescind.asking.line import new_request_id
from rescind.cli.asking.answers import Answer, Outcome, answer_of
from rescind.cli.asking.choosing import choose, look_up
from rescind.cli.asking.preview import preview
from rescind.cli.asking.sending import Asker, this_user
from rescind.cli.exits import Exit, exit_of
from rescind.cli.options import misused
from rescind.cli.printing.lines import is_end, is_news, story_line
from rescind.cli.printing.output import Output
from rescind.cli.reading.states import read_flow
from rescind.cli.session import Session, open_session
from rescind.errors import NoAnswerError
from rescind.events.journal import FlowCancelled, FlowCancelling, RequestRefused
from rescind.events.requests import FlowCancel
from rescind.events.words import Mode, StreamKind
from rescind.telling.story import tell
from rescind.tracing.spans import span

__all__ = ["Cancel", "cancel"]


@dataclass(frozen=True, slots=True)
class Cancel:
    """What was typed.

    Attributes:
        wait: follow each run to its end.
        arm: also ask for ids that nobody knows.
        yes: ask the person nothing.
        dry_run: say what would happen, and send nothing.
        answer_seconds: how long to wait for the answer to each.

    """

    ids: Sequence[str]
    reason: str = ""
    mode: Mode = Mode.GRACEFUL
    grace_seconds: float | None = None
    deadline_seconds: float | None = None
    wait: bool = False
    arm: bool = False
    yes: bool = False
    dry_run: bool = False
    answer_seconds: float = 10.0

    def request_for(self, flow_run_id: str) -> FlowCancel:
        """Raises `typer.BadParameter` if something that was typed does not fit."""
        try:
            return FlowCancel(
                request_id=new_request_id("cli"),
                actor=this_user(),
                at=round(time.time() * 1000),
                flow_run_id=flow_run_id,
                reason=self.reason,
                mode=self.mode,
                grace_seconds=self.grace_seconds,
                deadline_seconds=self.deadline_seconds,
            )
        except ValidationError as error:
            raise misused(error) from None


async def cancel(command: Cancel, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    known = await look_up(session, command.ids)
    if command.dry_run:
        return await preview(session, known, output)
    choice = choose(known, output, arm=command.arm, yes=command.yes)
    answers = choice.answers
    for answer in answers:
        _say(answer, output)
    if choice.ids:
        answers += await _ask_all(session, command, choice.ids, output)
    if as_json:
        output.document([answer.to_dict() for answer in answers])
    return max((answer.exit for answer in answers), default=Exit.OK)


async def _ask_all(
    session: Session, command: Cancel, flow_run_ids: Sequence[str], output: Output
) -> list[Answer]:
    answers: list[Answer] = []
    async with Asker(session) as asker:
        for flow_run_id in flow_run_ids:
            answer = await _ask(session, asker, command, flow_run_id)
            _say(answer, output)
            answers.append(answer)
        return await _follow(asker, answers, output) if command.wait else answers


async def _ask(session: Session, asker: Asker, command: Cancel, flow_run_id: str) -> Answer:
    request = command.request_for(flow_run_id)
    try:
        with span("rescind cancel", "internal", {"rescind.flow_run_id": flow_run_id}):
            entry = await asker.ask(request, within_seconds=command.answer_seconds)
    except NoAnswerError as error:
        return Answer(flow_run_id, "no_answer", str(error), exit_of(error), request.request_id)
    # Only a refusal needs the state to say more: who was first, how it ended.
    refused = isinstance(entry.event, RequestRefused)
    return answer_of(entry, await read_flow(session, flow_run_id) if refused else None)


def _say(answer: Answer, output: Output) -> None:
    if answer.exit is Exit.OK:
        output.show(f"{answer.flow_run_id} {answer.sentence}")
    else:
        about = "" if answer.outcome in {"unknown", "no_answer"} else f"{answer.flow_run_id} "
        output.complain(f"{about}{answer.sentence}")


async def _follow(asker: Asker, answers: Sequence[Answer], output: Output) -> list[Answer]:
    """Print the story of each run that is being cancelled, to its end; the answers as of then."""
    going_on = {"cancelling", "escalated", "already_cancelling"}
    waiting = {answer.flow_run_id for answer in answers if answer.outcome in going_on}
    several = len(waiting) > 1
    asked_ms: dict[str, int] = {}
    ended: dict[str, Answer] = {}
    while waiting - ended.keys():
        for entry in await asker.next_entries():
            name = entry.stream_id
            if entry.stream_kind is not StreamKind.FLOW or name not in waiting or name in ended:
                continue
            if isinstance(entry.event, FlowCancelling):
                asked_ms[name] = entry.at_ms
            if is_news(entry):
                line = story_line(entry, asked_ms.get(name))
                output.show(f"{name}  " if several else "", line, sep="")
            if is_end(entry):
                cancelled = isinstance(entry.event, FlowCancelled)
                outcome: Outcome = "cancelled" if cancelled else "already_finished"
                code = Exit.OK if cancelled else Exit.REFUSED
                ended[name] = Answer(name, outcome, tell(entry), code)
    return [ended.get(answer.flow_run_id, answer) for answer in answers]
