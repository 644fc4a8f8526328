"""`rescind bulk pause ID`, `resume`, `stop`, and how an answer of the service is told."""

import time
from typing import Any, Final

import typer
from pydantic_core import ValidationError

from rescind.asking.line import new_request_id
from rescind.cli.asking.sending import Asker, this_user
from rescind.cli.bulk.finding import resolve_bulk
from rescind.cli.exits import Exit
from rescind.cli.options import misused
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, needs_extra, open_session
from rescind.errors import ExtraMissingError, UnknownBulkError
from rescind.events.journal import Entry, RequestRefused
from rescind.events.refusals import Code
from rescind.events.requests import BulkPause, BulkResume, BulkStop
from rescind.telling.words import plain

__all__ = ["common", "move", "refusal"]

_STEPS: Final[dict[str, type[BulkPause | BulkResume | BulkStop]]] = {
    "pause": BulkPause,
    "resume": BulkResume,
    "stop": BulkStop,
}
_DONE: Final = {"pause": "paused", "resume": "resumed", "stop": "stopped"}


async def move(step: str, typed: str, answer_seconds: float, *, as_json: bool) -> Exit:
    """``typed``: its id, the beginning of it, or ``@latest``.

    Raises `UnknownBulkError`, `AmbiguousIdError` and `typer.BadParameter`.
    """
    output = Output(as_json=as_json)
    session = await open_session()
    bulk_id = await _meant(session, typed)
    request = _request(step, bulk_id)
    if step == "stop" and bulk_id != typed and output.is_a_person and not _agrees(bulk_id):
        output.show(f"{bulk_id} is left alone")
        return Exit.OK
    async with Asker(session) as asker:
        answer = await asker.ask(request, within_seconds=answer_seconds)
    code, sentence = refusal(answer)
    if code is Exit.OK:
        sentence = sentence or f"is {_DONE[step]}"
        output.show(f"{bulk_id} {sentence}")
    else:
        output.complain(f"{bulk_id} {sentence}")
    if as_json:
        output.document({"bulk_id": bulk_id, "message": sentence, "exit_code": int(code)})
    return code


async def _meant(session: Session, typed: str) -> str:
    """The whole id; what is not found here is asked for as it was typed, and the service knows."""
    try:
        needs_extra("service", "transitions")
        return (await resolve_bulk(session, typed)).bulk_id
    except (ExtraMissingError, UnknownBulkError):
        if typed.startswith("@"):
            raise
        return typed


def _agrees(bulk_id: str) -> bool:
    """A beginning might mean another one than was thought, and a stop is for good."""
    return typer.confirm(f"Stop {plain(bulk_id)}?", err=True)


def _request(step: str, bulk_id: str) -> BulkPause | BulkResume | BulkStop:
    try:
        return _STEPS[step](bulk_id=bulk_id, **common())
    except ValidationError as error:
        raise misused(error) from None


def common() -> dict[str, Any]:
    """What every request of this command says of itself."""
    return {
        "request_id": new_request_id("cli"),
        "actor": this_user(),
        "at": round(time.time() * 1000),
    }


def refusal(answer: Entry) -> tuple[Exit, str]:
    """How the command ends by an answer, and the sentence for a refusal; it may be no failure.

    Raises `UnknownBulkError`.
    """
    event = answer.event
    if not isinstance(event, RequestRefused):
        return Exit.OK, ""
    if event.code is Code.DUPLICATE:
        return Exit.OK, f"is so already: {plain(event.message)}"
    if event.code is Code.UNKNOWN_BULK:
        raise UnknownBulkError(answer.stream_id)
    remedy = event.code.remedy
    if event.code is Code.CONFIRMATION_NEEDED:
        remedy = "If that is meant, say --yes."
    return Exit.REFUSED, f"is left as it is: {plain(event.message)}. {remedy}"
