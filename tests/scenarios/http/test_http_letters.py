"""Dead letters by HTTP, by both clients and in the pages: seen, and asked once more."""

import base64
from pathlib import Path

import pytest

from rescind.access.tokens import Scope
from rescind.errors import CallError, CancelRefusedError, LetterNotFoundError
from rescind.kafka.records import OutRecord
from tests.clients import Asker
from tests.scenarios.harness import Scene
from tests.scenarios.http.http_access import shows
from tests.scenarios.http.http_api import Api, problem, serving
from tests.scenarios.web.browsing import form_of

SCRIPT = "<script>alert(1)</script>"


async def put_aside(scene: Scene, value: bytes, code: str = "internal_error") -> str:
    """A dead letter as a worker with a bug would have left it; its place."""
    name = scene.named("buried")
    partition = scene.partition_of(name)
    headers = (
        ("h", b"v"),
        ("rescind-code", code.encode()),
        ("rescind-why", f"KeyError: {SCRIPT}".encode()),
        ("rescind-position", f"{scene.names.stop_requests}-{partition}-7".encode()),
    )
    record = OutRecord(scene.names.dead_letters, name.encode(), value, headers, partition)
    sent = await scene.sender.send(record)
    return f"{sent.partition}:{sent.offset}"


def cancel_of(name: str) -> bytes:
    return b'{"type": "flow.cancel", "flow_run_id": "%s"}' % name.encode()


async def test_each_is_listed_once_the_latest_first_page_by_page(scene: Scene, ours: Asker) -> None:
    places = [await put_aside(scene, b"{%d}" % number) for number in range(5)]

    found = await ours.rows(lambda it: it.list_dead_letters(page_size=2))

    shown = [letter.place for letter in found]
    assert len(set(shown)) == len(shown)
    assert [place for place in shown if place in places] == places[::-1]
    assert [letter.at for letter in found] == sorted((letter.at for letter in found), reverse=True)


async def test_one_has_its_bytes_and_asked_once_more_it_has_its_effect(
    scene: Scene, ours: Asker
) -> None:
    flow = await scene.begun()
    place = await put_aside(scene, cancel_of(flow.flow_run_id))

    whole = await ours.do(lambda it: it.show_dead_letter(place))
    answer = await ours.do(lambda it: it.retry_dead_letter(place))
    await scene.journal.catches_up()

    assert (whole.code, whole.is_whole) == ("internal_error", True)
    assert whole.value == {"type": "flow.cancel", "flow_run_id": flow.flow_run_id}
    assert base64.b64decode(whole.value_base64 or "") == cancel_of(flow.flow_run_id)
    assert [(one.name, one.value_base64) for one in whole.headers] == [("h", "dg==")]
    assert (answer.outcome, answer.codes) == ("done", ())
    assert len(scene.events(flow.flow_run_id, "flow.cancelling")) == 1


async def test_what_cannot_be_asked_again_says_why(scene: Scene, ours: Asker) -> None:
    unreadable = await put_aside(scene, b"\xff{", "unreadable")

    again = await ours.do(lambda it: it.retry_dead_letter(unreadable))
    with pytest.raises(LetterNotFoundError):
        await ours.do(lambda it: it.show_dead_letter("0:999999999999"))
    with pytest.raises(CallError):
        await ours.do(lambda it: it.show_dead_letter("../flow-runs"))
    hooks = (
        ("rescind-hook", b"pager"),
        ("rescind-code", b"not_taken"),
        ("rescind-why", b"hook pager, tried 9 times: 500"),
        ("rescind-position", f"{scene.names.cancellations}-0-7".encode()),
    )
    record = OutRecord(scene.names.dead_letters, b"f", b"{}", hooks, 0)
    sent = await scene.sender.send(record)
    with pytest.raises(CancelRefusedError, match="rescind dead-letters retry"):
        await ours.do(lambda it: it.retry_dead_letter(f"{sent.partition}:{sent.offset}"))

    assert (again.outcome, again.codes) == ("refused", ("unreadable",))


async def test_only_who_administers_asks_again_and_only_who_sees_everything_looks(
    scene: Scene, tmp_path: Path
) -> None:
    place = await put_aside(scene, cancel_of(scene.named("nobody")))
    async with serving(scene.house, tmp_path, access="tokens") as api:
        await shows(scene, api, Scope.READ, Scope.CANCEL)
        assert (await api.get("/dead-letters")).status_code == 200
        refused = await api.client.post(f"/api/v1/dead-letters/{place}/retry")
        await shows(scene, api, Scope.READ, namespaces=["ours"])
        elsewhere = await api.get(f"/dead-letters/{place}")
        await shows(scene, api, Scope.ADMIN)
        taken = await api.client.post(f"/api/v1/dead-letters/{place}/retry")

    problem(refused, 403, "not-allowed")
    problem(elsewhere, 403, "not-allowed")
    assert taken.json()["outcome"] == "done"


async def test_the_pages_show_them_as_they_are_and_ask_one_again(
    scene: Scene, tmp_path: Path
) -> None:
    flow = await scene.begun()
    place = await put_aside(scene, cancel_of(flow.flow_run_id))
    async with serving(scene.house, tmp_path) as api:
        listed = await html(api, "/dead-letters")
        shown = await html(api, f"/dead-letters/{place}")
        forged = await api.client.post(f"/dead-letters/{place}/retry", data={"token": "x"})
        asked = await api.client.post(f"/dead-letters/{place}/retry", data=form_of(shown))
        unknown = await api.client.get("/dead-letters/0:999999999999")
        await api.client.get("/dead-letters?cursor=none")

    assert place in listed
    for page in (listed, shown):
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page
    assert flow.flow_run_id in shown
    assert forged.status_code == 403
    assert "It had its effect now" in asked.text
    assert unknown.status_code == 404
    await scene.journal.catches_up()
    assert len(scene.events(flow.flow_run_id, "flow.cancelling")) == 1


async def html(api: Api, path: str) -> str:
    response = await api.client.get(path)
    assert response.status_code == 200, response.text
    return response.text
