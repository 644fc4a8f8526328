"""The form that describes a bulk cancellation: which flow runs, and how each is to be cancelled.

It asks as the API does. What it makes is a draft, and the next page says what that means.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from rescind.server.access.asking import BulkPageCanceller
from rescind.server.api.bulks.asking import BulkAsks
from rescind.server.api.bulks.words import CreateBulk
from rescind.server.api.means import Means
from rescind.server.web.bulk.page import answer_page
from rescind.server.web.shared.forms import Forms, key_in, new_key, number_in
from rescind.server.web.shared.problems import PageRoute
from rescind.server.web.shared.rendering import page

__all__ = ["bulk_form_routes"]

_LISTS: Final = ("names", "namespaces")
_STATES: Final = (
    ("Pending", "Pending", "also what waits for a retry"),
    ("Running", "Running", "also what is being cancelled"),
    ("Running.Cancelling", "Cancelling", "to abort what is being cancelled gracefully, say"),
)
_TEXTS: Final = ("names", "namespaces", "labels", "parent", "reason", "grace_seconds",
                 "runs_per_second")  # fmt: skip

_Said = Annotated[str, Query(max_length=4_000)]


class _WrongError(Exception):
    """A field is not what it must be: which, and what was expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)
        self.wrong = {field: message}


def bulk_form_routes(means: Means, forms: Forms) -> APIRouter:
    """The routes, asking by these means."""
    router = APIRouter(route_class=PageRoute, include_in_schema=False)
    asks = BulkAsks(means)

    @router.get("/bulk/new")
    async def show_bulk_form(
        by: BulkPageCanceller,
        request: Request,
        names: _Said = "",
        namespaces: _Said = "",
        states: _Said = "",
        labels: _Said = "",
        parent: _Said = "",
    ) -> Response:
        # Who is held to some has to say which: those, to begin with.
        namespaces = namespaces or "\n".join(by.namespaces or ())
        fields = {"names": names, "namespaces": namespaces, "labels": labels, "parent": parent}
        return _form_page(means, forms, request, fields | {states: "on", "key": new_key()})

    @router.post("/bulk/new")
    async def create(by: BulkPageCanceller, request: Request) -> Response:
        fields = await forms.read(request)
        key = key_in(fields)
        try:
            wanted = _wanted(fields)
            if not by.sees_all(wanted.where.namespaces):
                some = ", ".join(by.namespaces or ())
                raise _WrongError("namespaces", f"expected some of {some}: your token's")
        except _WrongError as error:
            return _form_page(means, forms, request, fields, error.wrong)
        answer = (await asks.create(wanted, by, key)).answer
        if answer.outcome == "accepted":
            return answer_page(answer)
        # So that a reload asks for nothing.
        return RedirectResponse(f"/bulk/{answer.bulk_id}", 303)

    return router


def _wanted(fields: Mapping[str, str]) -> CreateBulk:
    """Raises `_WrongError`."""
    where: dict[str, Any] = {name: _lines(fields.get(name, "")) for name in _LISTS}
    where["labels"] = _labels(fields.get("labels", ""))
    where["states"] = [state for state, _, _ in _STATES if fields.get(state)]
    if parent := fields.get("parent", "").strip():
        where["parent"] = parent
    said: dict[str, Any] = {"where": where, "reason": fields.get("reason", "").strip()}
    if mode := fields.get("mode"):
        said["mode"] = mode
    for name, what in (
        ("grace_seconds", "seconds, such as 30"),
        ("runs_per_second", "flow runs, such as 20"),
    ):
        try:
            said[name] = number_in(fields, name, what)
        except ValueError as error:
            raise _WrongError(name, str(error)) from None
    try:
        return CreateBulk(**said)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(step) for step in first["loc"]]
        field = place[1] if place[0] == "where" else place[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        raise _WrongError(field, message) from None


def _lines(text: str) -> Sequence[str]:
    """A choice a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def _labels(text: str) -> dict[str, str]:
    """A label a line. Raises `_WrongError`."""
    labels: dict[str, str] = {}
    for line in _lines(text):
        key, has_value, value = line.partition("=")
        if not has_value:
            raise _WrongError("labels", f"expected KEY=VALUE in each line, but got {line[:80]!r}")
        if labels.setdefault(key, value) != value:
            # A flow run has one value; two that it must have mean nothing.
            raise _WrongError("labels", f"expected each key once, but got {key[:80]!r} again")
    return labels


def _form_page(
    means: Means,
    forms: Forms,
    request: Request,
    fields: Mapping[str, str],
    wrong: Mapping[str, str] | None = None,
) -> Response:
    form = forms.new(request)
    response = page(
        "bulk-new.html",
        422 if wrong else 200,
        place="bulk",
        fields={**dict.fromkeys(_TEXTS, ""), "mode": "graceful", **fields},
        chosen=[(state, word, hint, bool(fields.get(state))) for state, word, hint in _STATES],
        wrong=wrong or {},
        grace_seconds=means.policy.grace_seconds,
        token=form.token,
    )
    form.put_on(response)
    return response
