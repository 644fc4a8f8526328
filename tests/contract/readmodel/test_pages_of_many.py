"""Pages of a great many runs: bounded in what they draw and list, and exact in what they count."""

import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from rescind.events.requests import FlowRegister
from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.server.web.run.drawing import BARS_MAX
from rescind.settings import load_settings
from tests.contract.readmodel.tables import Told
from tests.scenario import Step, given, swept
from tests.words import cancel, flow, granted, registered, runner, stopped, with_body
from tests.world import RUN

MANY = 10_000
AT_ONCE = 500
ROWS_MAX = 50
BYTES_MAX = 300_000
SECONDS_MAX = 1.0


@pytest.fixture
async def browsing(model: Told, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Whoever looks at the pages of this read model; nobody has found Kafka."""
    said = {"bootstrap": "127.0.0.1:1", "signing_keys": "a signing key of the tests"}
    means = Means(load_settings(**said, database_url=database_url, access="open"))
    transport = httpx.ASGITransport(make_app(means))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


def tell(model: Told, *steps: Step) -> None:
    model.tell_entries(given(*steps).world.journal, batch=AT_ONCE)


async def shown(browsing: httpx.AsyncClient, path: str) -> str:
    response = await browsing.get(path)
    assert response.status_code == 200, response.text
    assert len(response.content) < BYTES_MAX
    return response.text


async def test_a_list_of_ten_thousand_flow_runs_is_pages_and_counts_all_of_them(
    model: Told, browsing: httpx.AsyncClient
) -> None:
    registered_ones = [
        FlowRegister(flow_run_id=f"run-{number}", name="nightly", labels={"team": "etl"})
        for number in range(MANY)
    ]
    cancelled = [
        cancel.model_copy(update={"flow_run_id": f"run-{number}", "request_id": f"c-{number}"})
        for number in range(3)
    ]
    tell(model, *registered_ones, *cancelled)

    for path in ("/", "/?label=team%3Detl", "/?text=run-"):
        page = await shown(browsing, path)
        assert page.count('id="run-run-') == ROWS_MAX
        assert f"{ROWS_MAX} shown" in page
        assert tabs(page) == {"All": MANY, "Pending": MANY - 3, "Cancelled": 3}
    cancelled_page = await shown(browsing, "/?state=Finished.Cancelled")
    assert cancelled_page.count('id="run-run-') == 3


async def test_a_flow_run_of_ten_thousand_task_runs_is_groups_and_counts_all_of_them(
    model: Told, browsing: httpx.AsyncClient
) -> None:
    tasks = [f"t-{number}" for number in range(MANY)]
    chunks = [tasks[first : first + AT_ONCE] for first in range(0, MANY, AT_ONCE)]
    at_work, waiting = chunks[:4], MANY - 4 * AT_ONCE
    tell(
        *(model, runner, flow, with_body),
        *(registered(*chunk) for chunk in chunks),
        *(granted(*chunk) for chunk in at_work),
        cancel,
        swept,
        stopped(*at_work[0]),
    )

    page = await shown(browsing, f"/flow-runs/{RUN}")
    await pages_of_task_runs(browsing, stopped=AT_ONCE, waiting=waiting)

    bars = re.findall(r'<g class="(?:bar )?is-', page)
    rows = re.findall(r'data-word="Count">([\d,]+)<', page)
    assert 0 < len(bars) <= BARS_MAX
    assert len(rows) <= BARS_MAX
    assert sum(int(row.replace(",", "")) for row in rows) == MANY
    assert (
        f"{MANY:,} task runs beside the flow\N{RIGHT SINGLE QUOTATION MARK}s own code, drawn"
        in page
    )
    assert f"<b>{waiting:,}</b> never started" in page
    assert f"<b>{AT_ONCE:,}</b> asked to stop, and ended by themselves" in page


async def test_what_is_about_task_runs_one_by_one_does_not_group_all_of_them(
    model: Told, browsing: httpx.AsyncClient
) -> None:
    """Each word of an event stream asks for such a page again, and a flow run may have 100,000."""
    tell(model, runner, flow, with_body, registered("t-1"))
    with asked_of_databases() as asked:
        await shown(browsing, f"/flow-runs/{RUN}")
        assert any("GROUP BY task_runs.name" in one for one in asked)
        asked.clear()

        await shown(browsing, f"/flow-runs/{RUN}/task-runs")
        await shown(browsing, f"/flow-runs/{RUN}/task-runs/t-1")

    assert asked != []
    assert [one for one in asked if "GROUP BY task_runs.name" in one] == []


@contextmanager
def asked_of_databases() -> Iterator[list[str]]:
    """Every statement, as the driver gets it."""
    asked: list[str] = []

    def ask(*said: Any) -> None:
        asked.append(said[2])

    listen(Engine, "before_cursor_execute", ask)
    try:
        yield asked
    finally:
        remove(Engine, "before_cursor_execute", ask)


async def pages_of_task_runs(browsing: httpx.AsyncClient, *, stopped: int, waiting: int) -> None:
    """Each is short, and comes before anybody would wonder."""
    path = f"/flow-runs/{RUN}/task-runs"
    for asked in ("", "?text=T-9", "?state=Finished.Cancelled", f"?text=t-{MANY - 1}"):
        began = time.monotonic()
        page = await shown(browsing, f"{path}{asked}")
        assert time.monotonic() - began < SECONDS_MAX
        assert 0 < page.count('id="task-t') <= ROWS_MAX
    assert tabs(await shown(browsing, f"{path}?text=t-"))["Cancelled"] == waiting + stopped
    following = re.search(r'id="next-page" href="([^"]+)"', await shown(browsing, path))
    assert following is not None
    second = await shown(browsing, following[1].replace("&amp;", "&"))
    assert 'id="task-t-49"' in second
    assert 'id="task-t-48"' not in second


def tabs(page: str) -> dict[str, int]:
    """How many each state has, where there are any."""
    found = re.findall(r'id="tab-\d+"[^>]*>(?:<span.*?</span>)?(\w+) <b>([\d,]+)</b>', page)
    return {word: int(number.replace(",", "")) for word, number in found if number != "0"}
