"""What the server counts of itself, as Prometheus reads it. Neither Kafka nor tables are there."""

from typing import NoReturn

import httpx

from rescind.errors import NoAnswerError
from rescind.events.requests import AnyRequest
from rescind.server.api.means import Means

CANCEL = "/api/v1/flow-runs/{flow_run_id}/cancel"
FORM = "/flow-runs/{flow_run_id}/cancel"


class SilentLine:
    """To a Kafka that takes every request, and a service that has not answered any yet."""

    backlog = 0

    async def ask(self, request: AnyRequest, *, within_seconds: float) -> NoReturn:
        raise NoAnswerError(request.request_id or "", within_seconds)


def counted(means: Means, name: str, **labels: str) -> float | None:
    return means.meters.registry.get_sample_value(name, labels)


async def test_a_cancel_is_counted_by_what_came_of_it(means: Means, api: httpx.AsyncClient) -> None:
    means._line = SilentLine()  # type: ignore[assignment]  # noqa: SLF001

    for _ in range(2):
        assert (await api.post("/api/v1/flow-runs/f/cancel")).status_code == 202

    assert counted(means, "rescind_http_cancels_total", outcome="accepted") == 2


async def test_a_cancel_that_is_not_taken_is_none_of_those(
    means: Means, api: httpx.AsyncClient
) -> None:
    refused = await api.post("/api/v1/flow-runs/f/cancel")

    assert refused.status_code == 503
    assert counted(means, "rescind_http_cancels_total", outcome="accepted") is None
    of_requests = {"method": "POST", "route": CANCEL, "status": "503"}
    assert counted(means, "rescind_http_requests_total", **of_requests) == 1


async def test_a_bug_is_counted_as_what_it_is_answered_with(
    means: Means, api: httpx.AsyncClient
) -> None:
    means._line = "no line"  # type: ignore[assignment]  # noqa: SLF001

    assert (await api.post("/api/v1/flow-runs/f/cancel")).status_code == 500

    of_requests = {"method": "POST", "route": CANCEL, "status": "500"}
    assert counted(means, "rescind_http_requests_total", **of_requests) == 1
    assert counted(means, "rescind_http_request_seconds_count", route=CANCEL) == 1


async def test_a_page_is_counted_apart_from_the_operation_that_has_its_path(
    means: Means, api: httpx.AsyncClient
) -> None:
    await api.get("/flow-runs/f/cancel")
    await api.get("/api/v1/nowhere")

    routes = {
        sample.labels["route"]
        for metric in means.meters.registry.collect()
        for sample in metric.samples
        if sample.name == "rescind_http_requests_total"
    }
    assert routes == {FORM, "none"}
