"""Answers find who waits for them, and what gets none is asked again as it was."""

import asyncio

import pytest

from rescind.errors import RunnerClosedError
from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.kafka.records import OutRecord, Sent
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.hearing.waiting import Waiting
from rescind.runners.client.sending.outbox import Placed
from tests.waiting import until

RECORD = OutRecord("start", b"f", b"{}")


class Again:
    """Keeps what is posted again."""

    def __init__(self) -> None:
        self.posted: list[OutRecord] = []

    def __call__(self, record: OutRecord) -> "asyncio.Future[Sent]":
        self.posted.append(record)
        future: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        future.set_result(Sent(0, 0, 0))
        return future


def placed(request_id: str, item: int | None = None) -> Placed:
    return Placed(request_id, item, asyncio.get_running_loop().create_future())


def refusal(request_id: str, item: int | None = None, code: Code = Code.STALE) -> wire.Refusal:
    return wire.Refusal(request_id=request_id, item=item, code=code, message="expected")


def inbox(*refusals: wire.Refusal, accepted: str | None = None) -> wire.Inbox:
    taken = () if accepted is None else (wire.Accepted(request_id=accepted),)
    return wire.Inbox(runner_id="r", refusals=refusals, accepted=taken)


async def test_items_that_are_not_refused_are_accepted_with_the_rest() -> None:
    waiting = Waiting(Again())
    answers = [waiting.expect(placed("q", item)) for item in range(3)]
    said = refusal("q", 1)
    assert waiting.told(inbox(said, accepted="q")) == []
    assert [answer.result() for answer in answers] == [None, said, None]


async def test_a_refusal_of_the_whole_request_is_one_of_each_item() -> None:
    waiting = Waiting(Again())
    answers = [waiting.expect(placed("q", item)) for item in range(2)]
    waiting.told(inbox(refusal("q", code=Code.UNREADABLE)))
    assert all(isinstance(answer.result(), wire.Refusal) for answer in answers)


async def test_refusals_that_nobody_waits_for_are_left() -> None:
    waiting = Waiting(Again())
    waiting.expect(placed("q", 0))
    stray, of_another_item = refusal("x"), refusal("q", 7)
    assert waiting.told(inbox(stray, of_another_item)) == [stray, of_another_item]


async def test_a_request_without_an_answer_is_asked_again_with_the_same_id() -> None:
    again = Again()
    waiting = Waiting(again, ask_again_seconds=0.01)
    granted, refused = placed("q", 0), placed("q", 1)
    first, second = waiting.expect(granted), waiting.expect(refused)
    waiting.sent("q", RECORD, Sent(0, 0, 0))
    await until(lambda: len(again.posted) >= 2)
    assert set(again.posted) == {RECORD}
    # Half an answer does not end it: the other item still waits.
    waiting.settle(granted, Grant("f", "t", 1, 30, 0))
    assert first.done()
    asked = len(again.posted)
    await until(lambda: len(again.posted) > asked)
    waiting.told(inbox(refusal("q", 1)))
    assert second.done()
    asked = len(again.posted)
    # Another that still waits is asked again and again meanwhile; this one is not.
    waiting.expect(placed("other"))
    waiting.sent("other", OutRecord("other", None, b""), Sent(0, 0, 0))
    await until(lambda: len(again.posted) >= asked + 3)
    assert {record.topic for record in again.posted[asked:]} == {"other"}
    waiting.fail_all(lambda: RunnerClosedError("an answer"))


async def test_what_must_not_be_said_twice_is_not_asked_again() -> None:
    again = Again()
    waiting = Waiting(again, ask_again_seconds=0.001)
    waiting.expect(placed("once"), again=False)
    waiting.expect(placed("often"))
    for request_id in ("once", "often"):
        waiting.sent(request_id, OutRecord(request_id, None, b""), Sent(0, 0, 0))
    await until(lambda: len(again.posted) > 2)
    assert {record.topic for record in again.posted} == {"often"}
    waiting.fail_all(lambda: RunnerClosedError("an answer"))


async def test_a_client_that_is_left_lets_nobody_wait() -> None:
    waiting = Waiting(Again())
    answer = waiting.expect(placed("q"))
    waiting.fail_all(lambda: RunnerClosedError("an answer"))
    with pytest.raises(RunnerClosedError):
        await answer


async def test_a_service_that_is_only_slow_is_not_given_more_to_do() -> None:
    again = Again()
    waiting = Waiting(again, ask_again_seconds=0.2)
    answer = waiting.expect(placed("q"))
    waiting.sent("q", RECORD, Sent(0, 0, 0))
    loop = asyncio.get_running_loop()
    until_seconds = loop.time() + 1

    async def answers_others() -> bool:
        # Something comes at each look, so the service lives.
        waiting.told(inbox(refusal("x")))
        return loop.time() > until_seconds

    await until(answers_others)
    assert again.posted == []
    assert not answer.done()
    await until(lambda: bool(again.posted))
    waiting.fail_all(lambda: RunnerClosedError("an answer"))
