"""The attempts of one flow run that this runner asked to start, may start, and holds.

An attempt is held from its grant until Kafka has the report of its end. A grant that nobody waits
for any more (whoever asked gave up) is kept: whoever asks again gets it, and a cancellation has
it reported as never started.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

import orjson

from rescind.events import intents as wire
from rescind.events.requests import TaskToStart
from rescind.kafka.records import Sent
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.hearing.waiting import Told
from rescind.runners.client.living.tools import Tools
from rescind.runners.client.sending.checking import checked
from rescind.runners.client.sending.outbox import Head
from rescind.runners.client.sending.saying import Attempt

__all__ = ["Starts"]


class Starts:
    """Grants of one flow run. `head` is that of its ``task.start``."""

    def __init__(self, tools: Tools, head: Head) -> None:
        self._tools = tools
        self._head = head
        self._held: dict[Attempt, Grant] = {}
        self._untaken: dict[Attempt, Grant] = {}
        self._ended: set[Attempt] = set()
        self._asked: dict[Attempt, tuple[Callable[[Grant], None], asyncio.Future[Told]]] = {}

    @property
    def held(self) -> list[Attempt]:
        """What was granted and handed out, and has no report of its end in Kafka."""
        return list(self._held)

    def holds(self, attempt: Attempt) -> bool:
        """Whether this attempt is among `held`."""
        return attempt in self._held

    async def ask(self, attempts: Sequence[Attempt]) -> list[Grant | wire.Refusal]:
        """A grant or a refusal for each. Asking again for what is held repeats the grant, fresh."""
        if not attempts:
            return []
        answers = [self._answer_to(attempt) for attempt in attempts]
        try:
            await asyncio.wait(answers)
        except asyncio.CancelledError:
            for attempt, answer in zip(attempts, answers, strict=True):
                self._abandon(attempt, answer)
            raise
        return [self._taken(*asked) for asked in zip(attempts, answers, strict=True)]

    def expect(self, attempt: Attempt) -> "asyncio.Future[Told]":
        """The grant that comes with something else: a body's, with the start of its flow run."""
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._asked[attempt] = (partial(_settle, answer), answer)
        return answer

    def give_up(self, attempt: Attempt) -> None:
        """Nobody waits for it any more; a grant that comes all the same is kept."""
        self._asked.pop(attempt, None)

    def granted(self, grant: Grant) -> None:
        """A grant was read."""
        attempt = grant.task_run_id, grant.attempt
        if attempt in self._ended:
            return
        asked = self._asked.get(attempt)
        if asked is not None:
            self._held[attempt] = grant
            asked[0](grant)
        elif attempt not in self._held:
            self._untaken[attempt] = grant

    def take_untaken(self) -> list[Attempt]:
        """What was granted and is waited for by nobody. From now on it is held, to be reported."""
        untaken, self._untaken = self._untaken, {}
        self._held.update(untaken)
        return list(untaken)

    def ended(self, attempt: Attempt, sent: "asyncio.Future[Sent]") -> None:
        """Its end was reported; it is held until Kafka has that."""
        self._ended.add(attempt)
        self._untaken.pop(attempt, None)
        if attempt in self._held:
            sent.add_done_callback(partial(self._let_go, attempt))

    def hand_over(self, attempt: Attempt) -> None:
        """It is somebody else's from now on, and its end is not reported here."""
        self._ended.add(attempt)
        self._held.pop(attempt, None)

    def _answer_to(self, attempt: Attempt) -> "asyncio.Future[Told]":
        untaken = self._untaken.pop(attempt, None)
        if untaken is not None and untaken.is_usable():
            self._held[attempt] = untaken
            answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
            answer.set_result(untaken)
            return answer
        asked = self._asked.get(attempt)
        if asked is None:
            item = checked(lambda: TaskToStart(task_run_id=attempt[0], attempt=attempt[1]))
            placed = self._tools.start_lane.put_item(self._head, orjson.dumps(item.model_dump()))
            asked = (
                partial(self._tools.waiting.settle, placed),
                self._tools.waiting.expect(placed),
            )
            self._asked[attempt] = asked
        return asked[1]

    def _taken(self, attempt: Attempt, answer: "asyncio.Future[Told]") -> Grant | wire.Refusal:
        self._forget(attempt, answer)
        told = answer.result()
        assert told is not None  # A start is granted or refused.
        return told

    def _abandon(self, attempt: Attempt, answer: "asyncio.Future[Told]") -> None:
        self._forget(attempt, answer)
        if answer.done() and not answer.cancelled() and not answer.exception():
            grant = answer.result()
            if isinstance(grant, Grant):
                self._untaken[attempt] = grant
                self._held.pop(attempt, None)

    def _forget(self, attempt: Attempt, answer: "asyncio.Future[Told]") -> None:
        asked = self._asked.get(attempt)
        if asked is not None and asked[1] is answer:
            del self._asked[attempt]

    def _let_go(self, attempt: Attempt, sent: "asyncio.Future[Sent]") -> None:
        if not sent.cancelled() and sent.exception() is None:
            self._held.pop(attempt, None)


def _settle(answer: "asyncio.Future[Told]", grant: Grant) -> None:
    if not answer.done():
        answer.set_result(grant)
