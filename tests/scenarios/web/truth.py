"""What those who look at a cancellation are told, by pages and by the API."""

import html
import re
from typing import Any

from rescind.client import CancellationShown, Forecast
from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api

__all__ = ["account_of", "asked", "comes", "forecast_of", "text"]


async def text(api: Api, path: str) -> str:
    """A page's words, each run of blanks as one, and its apostrophes plain."""
    response = await api.client.get(path)
    assert response.status_code == 200, response.text
    said = html.unescape(re.sub(r"<[^>]+>", " ", response.text))
    return " ".join(said.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split())


async def comes(scene: Scene, runner_id: str, flow: str, **about: Any) -> None:
    hello = {"type": "runner.register", "runner_id": runner_id, **about}
    await scene.answer_to(hello, partition=scene.partition_of(flow))


async def account_of(scene: Scene, api: Api, flow_run_id: str) -> dict[str, Any]:
    await api.has_read(scene, flow_run_id)
    said = (await api.get(f"/flow-runs/{flow_run_id}/cancellation")).json()
    # The typed client reads what the server says.
    CancellationShown.model_validate(said)
    return dict(said)


async def forecast_of(api: Api, flow_run_id: str, mode: str = "graceful") -> dict[str, Any]:
    said = (await api.get(f"/flow-runs/{flow_run_id}/can-cancel", mode=mode)).json()
    Forecast.model_validate(said)
    return dict(said)


async def asked(scene: Scene, flow: Driven, **how: Any) -> str:
    """Cancel it; the id of the cancellation."""
    await scene.cancel(flow.flow_run_id, **how)
    begun = (await scene.event(flow.flow_run_id, "flow.cancelling")).event
    return str(begun.terms.cancellation_id)  # type: ignore[union-attr]
