"""The list of flow runs: its states as tabs, and a form of everything else that it can be asked by.

Times in the form are UTC, as all times of the pages are: without a script nobody knows another.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import StringConstraints

from rescind.server.access.asking import PageReader, reads_page
from rescind.server.api.means import Means
from rescind.server.readmodel.queries.flows import FlowFilter, states_within
from rescind.server.readmodel.reading import ReadModel
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page
from rescind.server.web.shared.tabs import STATE_TABS, Tab

__all__ = ["run_list_routes"]

_ROWS: Final = 50

_Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]
_Cursor = Annotated[str, Query(max_length=2_000)]


class Asked(NamedTuple):
    """What the address of the list asks for, as it was typed; what is empty is not asked."""

    state: str
    text: str
    label: str
    namespace: str
    parent: str
    since: str
    until: str
    stuck: bool

    @property
    def others(self) -> dict[str, str]:
        """All but the tab."""
        return {
            name: value
            for name, value in self._asdict().items()
            if value and name not in ("state", "stuck")
        }

    @property
    def query(self) -> dict[str, str]:
        tab = {"state": self.state, "stuck": "true" if self.stuck else ""}
        return {**{name: value for name, value in tab.items() if value}, **self.others}

    def wrong(self) -> dict[str, str]:
        """Fields that cannot be looked at as they are, each with what was expected."""
        said: dict[str, str] = {}
        if self.label and "=" not in self.label:
            said["label"] = "Expected a label as KEY=VALUE; it is not looked at."
        for name in ("since", "until"):
            text = getattr(self, name)
            if text and _moment(text) is None:
                said[name] = "Expected a time as 2026-06-30T22:00; it is not looked at."
        return said

    def wanted(self, within: tuple[str, ...] | None) -> FlowFilter:
        """What is asked of the read model by somebody who may see these namespaces."""
        key, has_value, value = self.label.partition("=")
        return FlowFilter(
            states=(self.state,) if self.state else (),
            text=self.text or None,
            labels={key: value} if has_value else {},
            namespace=self.namespace or None,
            parent_flow_run_id=self.parent or None,
            registered_from_ms=_moment(self.since),
            registered_before_ms=_moment(self.until),
            within=within,
        )

    def bulk(self) -> str | None:
        """The form of a bulk cancellation of what the list shows; None: it could not say that."""
        return None if self.text else self._bulk_without_text()

    def is_bulk_but_for_text(self) -> bool:
        """Whether it is the text alone, a part of names, that no bulk cancellation could say."""
        return bool(self.text) and self._bulk_without_text() is not None

    def _bulk_without_text(self) -> str | None:
        if self.state.startswith("Finished") or self.stuck or self.since or self.until:
            return None
        said = {"states": self.state, "labels": self.label if "=" in self.label else ""}
        return _link(said | {"namespaces": self.namespace, "parent": self.parent}, "/bulk/new")


def _asked(
    state: _Said = "",
    text: _Said = "",
    label: _Said = "",
    namespace: _Said = "",
    parent: _Said = "",
    since: _Said = "",
    until: _Said = "",
    stuck: bool = False,
) -> Asked:
    return Asked(state, text, label, namespace, parent, since, until, stuck)


def run_list_routes(means: Means) -> APIRouter:
    """The route, reading by these means."""
    router = APIRouter(
        route_class=PageRoute, include_in_schema=False, dependencies=[Depends(reads_page)]
    )

    @router.get("/")
    async def show_flow_runs(
        by: PageReader, asked: Annotated[Asked, Depends(_asked)], cursor: _Cursor = ""
    ) -> HTMLResponse:
        shown = await asyncio.to_thread(_look, means.model, asked, by.namespaces, cursor)
        query = asked.query
        return page(
            "runs.html",
            place="runs",
            asked=asked,
            wrong=asked.wrong(),
            cancel_these=asked.bulk(),
            is_text_in_the_way=asked.is_bulk_but_for_text(),
            here=_link({**query, "cursor": cursor}),
            is_first=not cursor,
            first=_link(query),
            **shown,
        )

    return router


def _look(
    model: ReadModel, asked: Asked, within: tuple[str, ...] | None, cursor: str
) -> dict[str, Any]:
    wanted = asked.wanted(within)
    now_ms = round(time.time() * 1000)
    kept: dict[str, Any] = {"limit": _ROWS, "cursor": cursor or None}
    found = model.stuck(now_ms, wanted, **kept) if asked.stuck else model.flow_runs(wanted, **kept)
    counts = model.count_flow_runs(wanted)
    to_stuck = {"stuck": "true"} | asked.others
    stuck = sum(model.count_flow_runs(wanted, now_ms).values())
    following = _link({**asked.query, "cursor": found.cursor}) if found.cursor else None
    return {
        "rows": found.items,
        "total": sum(counts.values()),
        "tabs": _tabs(counts, asked),
        "stuck": Tab("Stuck", "failed", _link(to_stuck), stuck, asked.stuck),
        "namespaces": model.namespaces(within),
        "following": following,
    }


def _tabs(counts: Mapping[str, int], asked: Asked) -> list[Tab]:
    return [
        Tab(
            word,
            look,
            _link({"state": name, **asked.others}),
            sum(counts.get(one, 0) for one in states_within([name]))
            if name
            else sum(counts.values()),
            not asked.stuck and name == asked.state,
        )
        for name, word, look in STATE_TABS
    ]


def _moment(text: str) -> int | None:
    """Milliseconds since 1970 of a time as a browser's field has it; None: it is none."""
    try:
        at = datetime.fromisoformat(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0, round(at.timestamp() * 1000))
    except (ValueError, OverflowError):
        return None


def _link(query: Mapping[str, str], path: str = "/") -> str:
    """A path with what of this is said."""
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{said}" if said else path
