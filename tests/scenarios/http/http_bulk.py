"""A bulk cancellation of a scenario that is asked for, and looked at, by HTTP."""

from typing import Any

import httpx

from tests.scenarios.bulk import Bulk
from tests.scenarios.harness import Scene
from tests.waiting import until

__all__ = ["ALL", "ByHttp", "is_over"]

ALL = "/api/v1/bulk-cancellations"


class ByHttp(Bulk):
    """A bulk cancellation that is asked for, and looked at, by HTTP alone."""

    def __init__(self, scene: Scene, client: httpx.AsyncClient) -> None:
        super().__init__(scene)
        self.label = self.bulk_id
        self._client = client

    def through(self, client: httpx.AsyncClient) -> None:
        """Ask another server from now on."""
        self._client = client

    async def described(self, *, key: str = "", **wanted: Any) -> dict[str, Any]:
        """Create it, and wait for its count."""
        made = await self.post("", key=key, where={"labels": {"of": self.label}}, **wanted)
        assert made.status_code == 201, made.text
        self.bulk_id = made.json()["bulk_id"]
        assert made.headers["location"] == f"{ALL}/{self.bulk_id}"
        return await self.until(lambda shown: shown["count"] is not None)

    async def post(self, step: str, *, key: str = "", **body: Any) -> httpx.Response:
        where = f"/{self.bulk_id}/{step}" if step else ""
        headers = {"Idempotency-Key": key} if key else {}
        return await self._client.post(ALL + where, json=body or None, headers=headers)

    async def outcome(self, step: str, **body: Any) -> str:
        """What comes of asking for a step that can be taken."""
        answered = await self.post(step, **body)
        assert answered.status_code == 200, answered.text
        said: dict[str, Any] = answered.json()
        assert self.bulk_id in said["message"]
        return str(said["outcome"])

    async def shown(self) -> dict[str, Any]:
        """It as the read model has it, which may come to it a moment after the answer."""
        found: dict[str, Any] = {}

        async def is_known() -> bool:
            response = await self._client.get(f"{ALL}/{self.bulk_id}")
            found.update(response.json())
            return response.status_code == 200

        await until(is_known, within_seconds=60)
        return found

    async def until(self, is_there: Any) -> dict[str, Any]:
        """It, once it shows this."""

        async def look() -> bool:
            return bool(is_there(await self.shown()))

        await until(look, within_seconds=60)
        return await self.shown()

    async def outcomes(self, outcome: str | None = None) -> list[tuple[str, str]]:
        """Each flow run that was asked, with what came of it, in pages of five."""
        found: list[tuple[str, str]] = []
        query: dict[str, Any] = {"limit": 5} | ({} if outcome is None else {"outcome": outcome})
        while True:
            response = await self._client.get(f"{ALL}/{self.bulk_id}/items", params=query)
            assert response.status_code == 200, response.text
            page = response.json()
            found += [(one["flow_run_id"], one["outcome"]) for one in page["items"]]
            if page["cursor"] is None:
                return found
            query["cursor"] = page["cursor"]


def is_over(shown: dict[str, Any]) -> bool:
    return bool(shown["is_finished"])
