"""Templates, and what every page has: its headers, its files, its words.

Whatever somebody else has named is escaped by Jinja2, and the policy of each page lets a browser
run and load only what this server has as a file.
"""

import hashlib
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rescind.server.access.asking import viewing
from rescind.server.api.ageing import behind
from rescind.server.web.bulk import words as bulk_words
from rescind.server.web.cancelling.forecasting import span
from rescind.server.web.run.ladder import called
from rescind.server.web.shared import words
from rescind.telling.words import short

__all__ = ["SECURITY_HEADERS", "STATIC", "page", "task_path"]

_HERE: Final = Path(__file__).parents[1]

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

STATIC: Final = {
    str(path.relative_to(_HERE / "static")): path.read_bytes()
    for path in sorted((_HERE / "static").rglob("*"))
    if path.is_file()
}
"""The files that pages load, by their names. A few, so they are kept: no path is ever opened."""

_MARKS: Final = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in STATIC.items()}


def page(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page. Never kept by the browser: what it shows is of this moment."""
    now_ms = round(time.time() * 1000)
    made = _TEMPLATES.get_template(template)
    body = made.render(now_ms=now_ms, viewer=viewing.get(), behind=behind(), **context)
    return HTMLResponse(body, status, {**SECURITY_HEADERS, "Cache-Control": "no-store"})


def _static(name: str) -> str:
    """Where a file is; the mark in it changes with the file, so browsers may keep it."""
    return f"/static/{name}?v={_MARKS[name]}"


def _flow_run_path(flow_run_id: str, part: str = "") -> str:
    return f"/flow-runs/{quote(flow_run_id, safe='')}{part}"


def task_path(flow_run_id: str, task_run_id: str | None = None) -> str:
    """The page of the task runs of a flow run, or of one of them."""
    every = _flow_run_path(flow_run_id, "/task-runs")
    return every if task_run_id is None else f"{every}/{quote(task_run_id, safe='')}"


def _bulk_path(bulk_id: str, part: str = "") -> str:
    return f"/bulk/{quote(bulk_id, safe='')}{part}"


def _pretty(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"static": _static, "at": _flow_run_path, "state_word": words.state_word}
    made.globals |= {"at_task": task_path, "short": short}
    made.globals |= {"at_bulk": _bulk_path, "outcome_word": bulk_words.outcome_word}
    made.globals |= {"who": words.who, "how_it_ended": words.how_it_ended, "fates": words.FATES}
    made.globals |= {"policies": words.POLICIES, "child_said": words.CHILD_SAID}
    made.globals |= {"teardowns": words.TEARDOWNS, "listed": words.listed, "called": called}
    made.globals |= {"abort_fates": words.ABORT_FATES}
    made.globals |= {"ends": words.ENDS}
    made.filters |= {
        "span": span,
        "age": words.age,
        "exact": words.exact,
        "duration": words.duration,
        "pretty": _pretty,
        "counted": _count,
    }
    return made


_TEMPLATES: Final = _templates()
