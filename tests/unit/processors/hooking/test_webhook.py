"""One POST, to a receiver that answers as it likes."""

from collections.abc import AsyncIterator

import pytest

from rescind.processors.hooking.tries import Try
from rescind.processors.hooking.webhook import Webhook
from tests.sink import SECRET, Answer, Sink, sink
from tests.unit.processors.hooking.telling import EVENT, webhook

OLD = "whsec_b2xkIHNlY3JldCBvZiB0aGUgdGVzdHMgaGVyZQ=="


@pytest.fixture
async def receiver() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


async def told(receiver: Sink, **more: object) -> Try:
    target = Webhook(webhook(receiver, **more))
    try:
        return await target.tell(EVENT)
    finally:
        await target.close()


async def test_it_is_signed_json_with_an_id(receiver: Sink) -> None:
    assert (await told(receiver)).is_taken

    (request,) = receiver.requests
    assert request.is_signed()
    assert request.id == EVENT.id == request.event["id"]
    assert request.headers["content-type"] == "application/json"
    assert request.path == "/told"


async def test_of_several_secrets_each_verifies(receiver: Sink) -> None:
    await told(receiver, secret=[SECRET, OLD])

    (request,) = receiver.requests
    assert request.is_signed(SECRET)
    assert request.is_signed(OLD)


@pytest.mark.parametrize(
    "answer,why",
    [
        (Answer(500), 'answered 500 -: {"ok": true}'),
        (Answer(404), "answered 404"),
        (Answer(0), "RemoteProtocolError"),
        (Answer(500, half=True), "answered 500"),
    ],
    ids=["500", "404", "closes", "500-half"],
)
async def test_what_is_no_2xx_is_a_failure_with_its_reason(
    receiver: Sink, answer: Answer, why: str
) -> None:
    receiver.script = lambda _: answer

    tried = await told(receiver)

    assert why in tried.why_not
    assert not tried.is_final


async def test_a_redirect_is_not_followed(receiver: Sink) -> None:
    async with sink() as elsewhere:
        receiver.script = lambda _: Answer(307, headers={"location": elsewhere.url})

        tried = await told(receiver)

        assert "answered 307" in tried.why_not
        assert elsewhere.requests == []


async def test_one_that_is_gone_is_tried_no_more(receiver: Sink) -> None:
    receiver.script = lambda _: Answer(410)

    assert (await told(receiver)).is_final


async def test_when_to_come_again_is_heard(receiver: Sink) -> None:
    receiver.script = lambda _: Answer(429, headers={"retry-after": "17"})

    assert (await told(receiver)).after_seconds == 17


async def test_one_that_hangs_has_no_more_than_its_time(receiver: Sink) -> None:
    receiver.script = lambda _: Answer(hangs=True)

    tried = await told(receiver, timeout_seconds=0.2)

    assert tried.why_not == "no answer within 0.2 s"


@pytest.mark.parametrize("answer", [Answer(half=True), Answer(twice=True)], ids=["half", "twice"])
async def test_the_status_is_enough_whatever_comes_after_it(receiver: Sink, answer: Answer) -> None:
    receiver.script = lambda _: answer

    assert (await told(receiver)).is_taken


async def test_one_where_nobody_listens_is_a_failure(receiver: Sink) -> None:
    tried = await told(receiver, url="http://127.0.0.1:9/nobody")

    assert "ConnectError" in tried.why_not


@pytest.mark.parametrize(
    "name,value",
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("HTTPS_PROXY", "foo:bar"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
    ],
)
async def test_the_environments_proxies_are_not_used(
    receiver: Sink, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "")

    assert (await told(receiver)).is_taken
