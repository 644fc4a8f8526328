"""`rescind dead-letters retry`: the same bytes once more, into the lane and partition they lay in.

Nothing is changed but what the service had written beside it, so a signature still fits. The
answer is found by where the record lies now: what could not be read has no request id.
What was for a hook is told to it again.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from rescind.cli.exits import Exit
from rescind.cli.letters.telling import tell_again
from rescind.cli.printing.lines import journal_line
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, open_session
from rescind.events.journal import Entry, RequestRefused
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import ends
from rescind.kafka.writing.sender import Sender
from rescind.processors.hooking.letters import NOT_TAKEN, hook_of
from rescind.processors.letters.asking import ask_again, why_not
from rescind.processors.letters.reading import Letter, find_letter

__all__ = ["retry_letters"]

_START_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one; `why` says it where there is no answer."""

    letter: Letter
    exit: Exit
    answer: tuple[Entry, ...] = ()
    why: str = ""
    hook: str = ""

    def to_dict(self) -> dict[str, Any]:
        refused = [e.event.code.value for e in self.answer if isinstance(e.event, RequestRefused)]
        return {
            "place": self.letter.place,
            "exit_code": int(self.exit),
            "events": [entry.event.type for entry in self.answer],
            "codes": refused,
            "message": self.why,
            "hook": self.hook or None,
        }


async def retry_letters(places: list[str], answer_seconds: float, *, as_json: bool) -> Exit:
    """None is sent before all are found. Raises `UnknownDeadLetterError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    letters = [
        await find_letter(session.connection, session.names.dead_letters, place)
        for place in dict.fromkeys(places)
    ]
    first = await ends(session.connection, session.names.journal)
    outcomes: list[_Outcome] = []
    async with TopicFollower(session.connection, session.names.journal, first) as journal:
        sender = Sender(session.connection)
        await sender.start(wait_seconds=_START_SECONDS)
        try:
            for letter in letters:
                outcome = await _retry(letter, session, sender, journal, answer_seconds)
                outcomes.append(outcome)
                _tell(outcome, output)
        finally:
            await sender.close()
    if as_json:
        output.document([outcome.to_dict() for outcome in outcomes])
    return max(outcome.exit for outcome in outcomes)


async def _retry(
    letter: Letter, session: Session, sender: Sender, journal: TopicFollower, seconds: float
) -> _Outcome:
    said = letter.said
    if (hook := hook_of(said.headers)) is not None and said.code == NOT_TAKEN:
        why = await tell_again(letter, hook, session)
        return _Outcome(letter, Exit.REFUSED if why else Exit.OK, why=why, hook=hook)
    if why := why_not(letter, session.names):
        return _Outcome(letter, Exit.REFUSED, why=why)
    try:
        async with asyncio.timeout(seconds):
            answer = await ask_again(letter, session.names, sender, journal)
    except TimeoutError:
        why = (
            f"no answer within {seconds:g} s; it counts as soon as a worker runs: `rescind doctor`"
        )
        return _Outcome(letter, Exit.NO_ANSWER, why=why)
    refused = any(isinstance(entry.event, RequestRefused) for entry in answer)
    return _Outcome(letter, Exit.REFUSED if refused else Exit.OK, answer)


def _tell(outcome: _Outcome, output: Output) -> None:
    if outcome.why:
        output.complain(f"{outcome.letter.place}: {outcome.why}")
    elif outcome.hook:
        output.show(f"{outcome.letter.place}: hook {outcome.hook} has taken it")
    for entry in outcome.answer:
        output.show(journal_line(entry))
