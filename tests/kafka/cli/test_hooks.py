"""`rescind hooks ls` and `test`, and a dead letter of a hook that is retried."""

from collections.abc import AsyncIterator

import pytest

from rescind.events.hooks import HookKind
from rescind.processors.hooking.letters import hook_letter
from rescind.processors.hooking.tries import Try
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import Service
from tests.sink import SECRET, Answer, Request, Sink, sink
from tests.unit.processors.hooking.telling import EVENT, notice


@pytest.fixture
async def receiver() -> AsyncIterator[Sink]:
    async with sink() as made:
        yield made


def settings(rescind: Command, receiver: Sink) -> None:
    text = f'[hooks.ops]\nurl = "{receiver.url}"\nsecret = "{SECRET}"\nevents = ["flow.stuck"]\n'
    (rescind.folder / "rescind.toml").write_text(text)


async def test_ls_has_each_hook_and_no_secret(
    idle_service: Service, rescind: Command, receiver: Sink
) -> None:
    del idle_service
    settings(rescind, receiver)

    said = await rescind("hooks", "ls")
    (row,) = (await rescind("hooks", "ls", "--json")).json

    assert said.code == 0
    assert "ops" in said.out
    assert "has not begun" in said.out
    assert (row["name"], row["events"], row["has_begun"]) == ("ops", ["flow.stuck"], False)
    assert SECRET not in said.out
    assert "/told" not in said.out + str(row)


async def test_ls_without_any_says_how_to_make_one(idle_service: Service, rescind: Command) -> None:
    del idle_service
    said = await rescind("hooks", "ls")

    assert (said.code, said.out) == (0, "")
    assert "[hooks.NAME]" in said.err


async def test_a_test_tells_whether_signatures_are_verified(
    rescind: Command, receiver: Sink
) -> None:
    settings(rescind, receiver)

    def verifying(request: Request) -> Answer:
        return Answer(204 if request.is_signed() else 401)

    careless = await rescind("hooks", "test", "ops")
    receiver.script = verifying
    careful = await rescind("hooks", "test", "ops")
    body = (await rescind("hooks", "test", "ops", "--json")).json

    assert (careless.code, careful.code) == (0, 0)
    assert "it has taken the same with a wrong one" in careless.complaint
    assert "has taken a test with 204" in careful.out
    assert "It verifies signatures" in careful.out
    assert (body["taken"], body["status"], body["signature"]) == (True, 204, "verified")
    assert {request.kind for request in receiver.requests} == {HookKind.TEST.value}
    # One that dedupes before it verifies must not be taken for one that does not verify.
    assert len({request.id for request in receiver.requests}) == len(receiver.requests) == 6


@pytest.mark.parametrize("status", [404, 500, 503, 0])
async def test_a_forged_test_that_fails_for_another_reason_proves_nothing(
    rescind: Command, receiver: Sink, status: int
) -> None:
    settings(rescind, receiver)
    receiver.script = lambda request: Answer(204 if request.is_signed() else status)

    said = await rescind("hooks", "test", "ops")
    body = (await rescind("hooks", "test", "ops", "--json")).json

    assert "It verifies" not in said.out
    assert "may or may not verify signatures" in said.complaint
    assert (said.code, body["signature"]) == (0, "not_known")


async def test_a_test_that_is_not_taken_ends_with_1(rescind: Command, receiver: Sink) -> None:
    settings(rescind, receiver)
    receiver.script = lambda _: Answer(503)

    said = await rescind("hooks", "test", "ops")

    assert said.code == 1
    assert "has not taken a test: answered 503" in said.complaint
    assert len(receiver.requests) == 1


async def test_a_hook_that_there_is_not_is_told_with_those_that_there_are(
    rescind: Command, receiver: Sink
) -> None:
    settings(rescind, receiver)

    said = await rescind("hooks", "test", "opps")

    assert said.code == 5
    assert "there is ops" in said.complaint


async def test_a_dead_letter_of_a_hook_is_told_to_it_again(
    service: Service, rescind: Command, receiver: Sink
) -> None:
    letter = hook_letter("ops", notice(7), Try("answered 500"), 3, service.names)
    sent = await service.sender.send(letter)
    place = f"{sent.partition}:{sent.offset}"

    shown = await rescind("dead-letters", "show", place)
    unknown = await rescind("dead-letters", "retry", place)
    settings(rescind, receiver)
    receiver.script = lambda _: Answer(500)
    refused = await rescind("dead-letters", "retry", place)
    receiver.script = lambda _: Answer()
    taken = await rescind("dead-letters", "retry", place, "--json")

    assert "hook ops, tried 3 times: answered 500" in shown.out
    assert unknown.code == refused.code == 1
    assert "add a table [hooks.ops]" in unknown.complaint
    assert "hook ops has not taken it: answered 500" in refused.complaint
    assert taken.code == 0
    assert taken.json[0]["hook"] == "ops"
    (request,) = receiver.taken
    assert request.event == notice(7).event.model_dump(mode="json", exclude_none=True)
    assert request.is_signed()
    assert EVENT.flow_run_id == request.event["flow_run_id"]
