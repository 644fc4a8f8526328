"""Following, on streams that break off where they hurt most."""

import pytest

from rescind.errors import NotNowError, ServerUnavailableError, UnexpectedAnswerError
from tests.clients import KINDS, asker
from tests.unit.client.odd_server import answer, odd_server, problem

pytestmark = pytest.mark.parametrize("kind", KINDS)

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n"
)
HELLO = b": following\nid: 0:5\n\n"


def event(offset: int, code: str = "") -> bytes:
    said = f'{{"partition":0,"offset":{offset},"at":"2026-11-22T12:00:00.000Z","code":"{code}"}}'
    return f"data: {said}\nid: 0:{offset + 1}\n\n".encode()


@pytest.mark.parametrize("left_out", [1, 20, 60])
async def test_it_goes_on_behind_the_last_event_that_came_whole(kind: str, left_out: int) -> None:
    broken = event(7)
    with odd_server(
        HEAD + HELLO + event(5) + b": ping\n\n" + event(6) + broken[:-left_out],
        b"",
        problem(503, "urn:rescind:problem:read-model-away", headers={"Retry_After": "0"}),
        answer(502, b"<h1>Bad Gateway</h1>", "text/html"),
        HEAD + HELLO[:9],
        HEAD + event(7) + event(8),
        problem(503, "urn:rescind:problem:read-model-away", headers={"Retry_After": "0"}),
    ) as server:
        async with asker(kind, server.url) as asking, asking.follow("f") as following:
            came = [(await following.event()) for _ in range(4)]
            assert following.stream.last_event_id == "0:9"
        places = [heard.headers.get("last-event-id") for heard in server.heard[:6]]
        lines = {heard.line for heard in server.heard}

    assert [one.offset for one in came] == [5, 6, 7, 8]
    assert came[0].id == "0:6"
    assert places == [None, "0:7", "0:7", "0:7", "0:7", "0:7"]
    assert lines == {"GET /api/v1/events?flow_run_id=f HTTP/1.1"}


async def test_what_looks_like_the_end_of_a_line_to_python_is_none(kind: str) -> None:
    odd = "a\u2028b\u0085c\u000bd".replace("\u000b", "\\u000b")
    with odd_server(HEAD + HELLO + event(5, odd)) as server:
        async with asker(kind, server.url) as asking, asking.follow() as following:
            came = await following.event()

    assert came.code == "a\u2028b\u0085c\u000bd"


async def test_it_begins_where_it_is_told(kind: str) -> None:
    with odd_server(HEAD + event(9)) as server:
        async with (
            asker(kind, server.url) as asking,
            asking.follow(after="0:9") as following,
        ):
            assert (await following.event()).offset == 9
        assert server.heard[0].headers["last-event-id"] == "0:9"


@pytest.mark.parametrize(
    "said,expected",
    [
        (answer(200, b"<html>", "text/html"), UnexpectedAnswerError),
        (HEAD + b"data: nothing\nid: 0:1\n\n", UnexpectedAnswerError),
        (answer(404, b"no", "text/plain"), UnexpectedAnswerError),
        (problem(503, "urn:rescind:problem:too-many"), NotNowError),
        (b"", ServerUnavailableError),
    ],
    ids=["html", "no event", "no path", "too many", "closed"],
)
async def test_who_cannot_begin_is_told_why(
    kind: str, said: bytes, expected: type[Exception]
) -> None:
    with odd_server(said) as server:
        async with asker(kind, server.url, retry_seconds=0.3) as asking:
            with pytest.raises(expected):
                async with asking.follow():
                    pass


async def test_a_server_that_is_away_for_too_long_is_given_up(kind: str) -> None:
    with odd_server(HEAD + HELLO + event(5), b"") as server:
        async with (
            asker(kind, server.url, retry_seconds=0, away_seconds=0.5) as asking,
            asking.follow() as following,
        ):
            assert (await following.event()).offset == 5
            with pytest.raises(ServerUnavailableError):
                await following.event()
    assert len(server.heard) > 2
