"""`rescind cancel ID…`: asks, says what was answered, and with ``--wait`` follows to the end.

With ``--task`` it is for task runs of one flow run, each by itself, and the flow run goes on.

Each run is asked for and answered by itself, so that a refusal of one does not keep the others
from being asked. What is printed to stdout is what happened; what did not goes to stderr.
"""

from collections.abc import Sequence

from rescind.cli.asking.answers import Answer, Outcome, answer_of
from rescind.cli.asking.choosing import choose, look_up
from rescind.cli.asking.sending import Asker
from rescind.cli.asking.subjects import Subject
from rescind.cli.asking.wanted import Cancel
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.lines import is_news, story_line
from rescind.cli.printing.output import Output
from rescind.cli.reading.states import read_flow, read_task
from rescind.cli.session import Session, needs_extra, open_session
from rescind.errors import NoAnswerError
from rescind.events.journal import Entry, FlowCancelling, RequestRefused, TaskCancelling
from rescind.events.states import FlowState, TaskState
from rescind.telling.story import tell
from rescind.tracing.spans import span

__all__ = ["cancel"]


async def cancel(command: Cancel, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    if command.dry_run:
        # The rule that would answer is the service's own.
        needs_extra("service", "fastapi", "transitions")
    session = await open_session()
    known = await look_up(session, command.ids)
    if command.dry_run:
        from rescind.cli.foretelling.preview import preview

        return await preview(session, command, known, output)
    choice = choose(known, output, arm=command.arm, yes=command.yes)
    answers = choice.answers
    for answer in answers:
        _say(answer, output)
    if choice.ids:
        answers += await _ask_all(session, command, command.subjects(choice.ids), output)
    if as_json:
        output.document([answer.to_dict() for answer in answers])
    return max((answer.exit for answer in answers), default=Exit.OK)


async def _ask_all(
    session: Session, command: Cancel, subjects: Sequence[Subject], output: Output
) -> list[Answer]:
    answers: list[Answer] = []
    async with Asker(session) as asker:
        for subject in subjects:
            answer = await _ask(session, asker, command, subject)
            _say(answer, output)
            answers.append(answer)
        return await _follow(asker, answers, output) if command.wait else answers


async def _ask(session: Session, asker: Asker, command: Cancel, subject: Subject) -> Answer:
    request = command.request_for(subject)
    about = {"rescind.flow_run_id": subject.flow_run_id}
    if subject.task_run_id is not None:
        about["rescind.task_run_id"] = subject.task_run_id
    try:
        with span("rescind cancel", "internal", about):
            entry = await asker.ask(request, within_seconds=command.answer_seconds)
    except NoAnswerError as error:
        return Answer(subject, "no_answer", str(error), exit_of(error), request.request_id)
    # Only a refusal needs the state to say more: who was first, how it ended.
    refused = isinstance(entry.event, RequestRefused)
    return answer_of(entry, await _state_of(session, subject) if refused else None)


async def _state_of(session: Session, subject: Subject) -> FlowState | TaskState | None:
    if subject.task_run_id is None:
        return await read_flow(session, subject.flow_run_id)
    return await read_task(session, subject.flow_run_id, subject.task_run_id)


def _say(answer: Answer, output: Output) -> None:
    if answer.exit is Exit.OK:
        output.show(f"{answer.subject} {answer.sentence}")
    else:
        about = "" if answer.outcome in {"unknown", "no_answer"} else f"{answer.subject} "
        output.complain(f"{about}{answer.sentence}")


async def _follow(asker: Asker, answers: Sequence[Answer], output: Output) -> list[Answer]:
    """Print the story of each run that is being cancelled, to its end; the answers as of then."""
    going_on = {"cancelling", "escalated", "already_cancelling"}
    waiting = {answer.subject for answer in answers if answer.outcome in going_on}
    several = len({subject.flow_run_id for subject in waiting}) > 1
    asked_ms: dict[Subject, int] = {}
    ended: dict[Subject, Answer] = {}
    while waiting - ended.keys():
        for entry in await asker.next_entries():
            about = [one for one in waiting if one not in ended and one.is_about(entry)]
            if isinstance(entry.event, FlowCancelling | TaskCancelling):
                asked_ms |= dict.fromkeys(about, entry.at_ms)
            if about and is_news(entry):
                line = story_line(entry, asked_ms.get(about[0]))
                output.show(f"{entry.stream_id}  " if several else "", line, sep="")
            for subject in about:
                if subject.ends_by(entry):
                    ended[subject] = _ended(subject, entry)
    return [ended.get(answer.subject, answer) for answer in answers]


def _ended(subject: Subject, entry: Entry) -> Answer:
    cancelled = subject.is_cancelled_by(entry)
    outcome: Outcome = "cancelled" if cancelled else "already_finished"
    return Answer(subject, outcome, tell(entry), Exit.OK if cancelled else Exit.REFUSED)
