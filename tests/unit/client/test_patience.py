"""When something is asked again, by a clock that the test moves."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import pytest

from rescind.client import Outcome
from rescind.client.core import operations
from rescind.client.core.calls import Call, Doing, NoReply, Reply
from rescind.client.core.following import Follower
from rescind.client.core.pace import Pace
from rescind.client.core.replies import retry_after_seconds
from rescind.client.core.waiting import answered, finished
from rescind.errors import NotFinishedError, RunNotFoundError, ServerUnavailableError

T = TypeVar("T")

AWAY = NoReply("http://h", "nobody is there")


class Clock:
    """Time passes by waiting alone."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.asked: list[tuple[float, Call]] = []

    def pace(self, retry_seconds: float = 10, away_seconds: float = 60) -> Pace:
        return Pace(retry_seconds, away_seconds, lambda: self.now, lambda: 1.0)

    def do(self, doing: Doing[T], replies: Iterator[Reply | NoReply]) -> T:
        try:
            call = next(doing)
            while True:
                self.now += call.after_seconds
                self.asked.append((self.now - 1000, call))
                call = doing.send(next(replies))
        except StopIteration as end:
            found: T = end.value
            return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


def reply(status: int, body: Mapping[str, Any], **headers: str) -> Reply:
    kind = "application/json" if status < 300 else "application/problem+json"
    return Reply("http://h", status, {"content-type": kind, **headers}, json.dumps(body).encode())


def cancel_answer(outcome: str) -> Reply:
    said = {"outcome": outcome, "message": "m", "flow_run_id": "f", "request_id": "k~1"}
    return reply(202, said)


def flow(state: str) -> Reply:
    said = {
        "state": state,
        "state_path": [state],
        "is_finished": state.startswith("Finished"),
        "is_running": state == "Running",
        "is_cancelling": False,
        "version": 1,
        "last_event_id": "e",
        "flow_run_id": "f",
        "name": "n",
        "namespace": "n",
        "registered_at": "2026-11-22T12:00:00.000Z",
    }
    return reply(200, said)


def for_ever(first: list[Reply | NoReply], last: Reply | NoReply) -> Iterator[Reply | NoReply]:
    yield from first
    while True:
        yield last


UNKNOWN = reply(404, {"type": "urn:rescind:problem:unknown-run", "detail": "expected it"})


def test_a_cancel_that_nobody_has_answered_is_asked_for_again_under_its_key(clock: Clock) -> None:
    wanted = operations.cancel("f", None, "k", {})
    replies = for_ever([cancel_answer("accepted")] * 3, cancel_answer("cancelling"))

    found = clock.do(answered(wanted, clock.pace(), 10), replies)

    assert found.outcome is Outcome.CANCELLING
    assert [at for at, _ in clock.asked] == pytest.approx([0, 0.1, 0.3, 0.7])
    assert {call._replace(after_seconds=0) for _, call in clock.asked} == {wanted.call}


@pytest.mark.parametrize("seconds", [0, 5, 30])
def test_without_an_answer_in_time_it_is_accepted(clock: Clock, seconds: float) -> None:
    wanted = operations.cancel("f", None, "k", {})

    found = clock.do(
        answered(wanted, clock.pace(), seconds), for_ever([], cancel_answer("accepted"))
    )

    assert found.outcome is Outcome.ACCEPTED
    assert max(0, seconds - 5) <= clock.asked[-1][0] <= seconds


def test_nobody_is_asked_for_longer_than_was_said_and_less_and_less_often(clock: Clock) -> None:
    with pytest.raises(ServerUnavailableError):
        clock.do(
            answered(operations.cancel("f", None, "k", {}), clock.pace(20), 10), for_ever([], AWAY)
        )

    assert [at for at, _ in clock.asked] == pytest.approx(
        [0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 11.3, 16.3]
    )


def test_an_end_is_waited_for_through_a_time_without_a_server(clock: Clock) -> None:
    replies: list[Reply | NoReply] = [UNKNOWN, flow("Pending"), flow("Running"), *[AWAY] * 10]
    wanted = operations.flow_run("f")

    found = clock.do(
        finished(wanted, clock.pace(), "f", None), for_ever(replies, flow("Finished.Success"))
    )

    assert found.state == "Finished.Success"
    assert len(clock.asked) == 14


def test_who_waits_is_told_when_it_has_taken_too_long(clock: Clock) -> None:
    with pytest.raises(NotFinishedError, match="within 7 s, but it is Running") as raised:
        clock.do(
            finished(operations.flow_run("f"), clock.pace(), "f", 7), for_ever([], flow("Running"))
        )

    assert (raised.value.state, raised.value.seconds) == ("Running", 7)
    assert clock.asked[-1][0] == pytest.approx(7)


def test_who_waits_where_nobody_is_is_told_when_their_time_is_over(clock: Clock) -> None:
    doing = finished(operations.flow_run("f"), clock.pace(), "f", 7)

    with pytest.raises(NotFinishedError, match="nobody has said"):
        clock.do(doing, for_ever([], AWAY))

    assert clock.asked[-1][0] <= 7


def test_who_waits_without_a_bound_is_told_that_nobody_is_there(clock: Clock) -> None:
    doing = finished(operations.flow_run("f"), clock.pace(), "f", None)

    with pytest.raises(ServerUnavailableError):
        clock.do(doing, for_ever([flow("Running")], AWAY))

    assert 55 <= clock.asked[-1][0] <= 61


def test_what_nobody_knows_is_waited_for_but_briefly(clock: Clock) -> None:
    with pytest.raises(RunNotFoundError):
        clock.do(finished(operations.flow_run("f"), clock.pace(), "f", 60), for_ever([], UNKNOWN))

    assert 2 <= clock.asked[-1][0] <= 4


def test_who_follows_may_be_cut_off_again_and_again_but_not_for_long(clock: Clock) -> None:
    follower = Follower("f", None, None, clock.pace())

    for _ in range(5):
        assert list(follower.feed("http://h", b"id: 0:1\n\n")) == [None]
        assert follower.failed(AWAY) == pytest.approx(0.1)
        clock.now += 40
        assert follower.failed(AWAY) == pytest.approx(0.2)
    clock.now += 40

    with pytest.raises(ServerUnavailableError):
        follower.failed(AWAY)


@pytest.mark.parametrize(
    "said,date,expected",
    [
        ("2", "", 2),
        (" 120 ", "", 120),
        ("Fri, 27 Nov 2026 12:00:30 GMT", "Fri, 27 Nov 2026 12:00:00 GMT", 30),
        ("Fri, 27 Nov 2026 12:00:00 GMT", "Fri, 27 Nov 2026 12:00:30 GMT", 0),
        ("Fri, 27 Nov 2026 12:00:30 GMT", "", None),
        ("Fri, 27 Nov 2026 12:00:30 -0000", "Fri, 27 Nov 2026 12:00:00 GMT", None),
        ("-1", "", None),
        ("soon", "", None),
        ("", "", None),
    ],
)
def test_when_to_ask_again_is_in_seconds_or_a_time(
    said: str, date: str, expected: float | None
) -> None:
    found = retry_after_seconds(reply(503, {}, **{"retry-after": said, "date": date}))

    assert found == expected
