"""The log of a service: appended to, rolled once it is large, and its last lines for a person."""

from pathlib import Path
from typing import Any, Final, cast

import orjson

from rescind.kafka.embedded.logs import tail
from rescind.telling.words import plain

__all__ = ["last_lines", "prepared"]

_BYTES_MAX: Final = 10 << 20


def prepared(path: Path) -> Path:
    """Make the folder, and put an old file aside that has grown large; one is kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))
    return path


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines that say something, as a person reads them."""
    lines = [_readable(line) for line in tail(path, 10 * count).splitlines()]
    return [line for line in lines if line.strip()][-count:]


def _readable(line: str) -> str:
    """What a JSON line says: its level, its event, its error. Anything else is left as it is."""
    try:
        body: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return plain(line)
    if not isinstance(body, dict) or "event" not in body:
        return plain(line)
    said = cast("dict[str, Any]", body)
    trace = str(said.get("exception", "")).strip().splitlines()
    why = said.get("error") or (trace[-1] if trace else "")
    return plain(f"{said.get('level', '')}: {said['event']}" + (f" ({why})" if why else ""))
