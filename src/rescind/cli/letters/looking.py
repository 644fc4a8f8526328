"""`rescind dead-letters ls` and `show`."""

import base64
import time
from typing import Any, Final

import orjson
from rich.console import Group
from rich.table import Table
from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import Session, open_session
from rescind.events.moments import moment_to_text
from rescind.events.refusals import Code
from rescind.processors.letters.reading import Letter, find_letter, last_letters
from rescind.telling.words import plain, when

__all__ = ["list_letters", "show_letter"]

_BODY_CHARACTERS_MAX: Final = 4_000


async def list_letters(limit: int, codes: list[str], *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    shown, count = await last_letters(
        *(session.connection, session.names.dead_letters), limit, frozenset(codes)
    )
    if as_json:
        output.document([_head(letter) for letter in shown])
    elif shown:
        output.show(_table(shown, session))
    else:
        output.say("No dead letter is so." if codes else "There is no dead letter.")
    if count > len(shown):
        output.say(f"{count - len(shown)} earlier ones: --limit 0 shows all.", "dim")
    return Exit.OK


async def show_letter(place: str, *, as_json: bool) -> Exit:
    """Raises `UnknownDeadLetterError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    letter = await find_letter(session.connection, session.names.dead_letters, place)
    if as_json:
        output.document(_whole(letter))
    else:
        output.show(Group(_grid(letter), Text(), Text(_body(letter))))
    return Exit.OK


def _table(letters: list[Letter], session: Session) -> Table:
    now_ms = round(time.time() * 1000)
    table = columns(("PLACE", "WHEN", "LAY IN", "CODE", "WHY"))
    for letter in letters:
        said = letter.said
        topic = said.topic.removeprefix(session.names.prefix)
        table.add_row(
            letter.place,
            when(letter.record.timestamp_ms, now_ms),
            f"{plain(topic)} {said.partition}:{said.offset}",
            plain(said.code),
            plain(said.why, 200),
        )
    return table


def _grid(letter: Letter) -> Table:
    said, record = letter.said, letter.record
    now_ms = round(time.time() * 1000)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    grid.add_row("dead letter", Text(letter.place, style="bold"))
    grid.add_row("since", when(record.timestamp_ms, now_ms))
    grid.add_row("lay in", f"{plain(said.topic)}, partition {said.partition}, offset {said.offset}")
    grid.add_row("code", f"{plain(said.code)}{_meaning(said.code)}")
    grid.add_row("why", plain(said.why))
    if said.bytes_of_all is not None:
        grid.add_row("bytes", f"only the beginning is kept, of {plain(said.bytes_of_all)}")
    if record.key is not None:
        grid.add_row("key", plain(record.key.decode(errors="replace")))
    for name, value in said.headers:
        grid.add_row("header", f"{plain(name)}: {plain(value.decode(errors='replace'))}")
    return grid


def _meaning(code: str) -> str:
    """What it says and what to do; a code of a newer release says it by itself."""
    try:
        known = Code(code)
    except ValueError:
        return ""
    return f": {known.meaning} {known.remedy}"


def _body(letter: Letter) -> str:
    """JSON so that a person can read it; else the bytes, as Python writes them."""
    value = letter.record.value
    if value is None:
        return "(no value)"
    body = letter.body
    if body is None:
        return repr(value[:_BODY_CHARACTERS_MAX])[1:]
    lines = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode().splitlines()
    return "\n".join(plain(line, _BODY_CHARACTERS_MAX) for line in lines)[:_BODY_CHARACTERS_MAX]


def _head(letter: Letter) -> dict[str, Any]:
    said = letter.said
    return {
        "place": letter.place,
        "at": moment_to_text(letter.record.timestamp_ms),
        "code": said.code,
        "why": said.why,
        "lay_in": {"topic": said.topic, "partition": said.partition, "offset": said.offset},
        "is_whole": said.bytes_of_all is None,
    }


def _whole(letter: Letter) -> dict[str, Any]:
    """Bytes are in base64: key, headers and value may be anything."""
    record = letter.record
    return _head(letter) | {
        "key_base64": _base64(record.key),
        "headers_base64": [[name, _base64(value)] for name, value in letter.said.headers],
        "value_base64": _base64(record.value),
        "value": letter.body,
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()
