"""Each page of the browser has a picture in the how-to that says what it is for."""

from pathlib import Path
from typing import Final

from rescind.server.api.app import make_app
from rescind.server.api.means import Means
from rescind.settings import load_settings
from tests.pages import ROOT
from tests.ways_in import ways_in

HOW_TO: Final = ROOT / "docs" / "how-to" / "cancel-in-the-browser.md"

_FLOW: Final = "/flow-runs/{flow_run_id}"
_TASKS: Final = f"{_FLOW}/task-runs"
PICTURES: Final = {
    "/": "runs",
    _FLOW: "run",
    f"{_FLOW}/cancel": "cancel",
    f"{_FLOW}/journal": "journal",
    _TASKS: "tasks",
    f"{_TASKS}/{{task_run_id}}": "task",
    f"{_TASKS}/{{task_run_id}}/cancel": "cancel-task",
    "/stuck": "stuck",
    "/runners": "runners",
    "/bulk": "bulks",
    "/bulk/new": "bulk-new",
    "/bulk/{bulk_id}": "bulk",
    "/bulk/{bulk_id}/stop": "bulk-stop",
    "/dead-letters": "dead-letters",
    "/dead-letters/{place}": "dead-letter",
    "/sign-in": "sign-in",
    "/sign-out": "sign-out",
}
# A stream, files, and what answers machines.
NO_PAGES: Final = {"/live", "/static/{name:path}", "/health/live", "/health/ready", "/metrics"}


def test_each_page_has_a_picture_in_its_how_to(tmp_path: Path) -> None:
    # Nothing is connected to: the routes only have to be made of something.
    app = make_app(
        Means(
            load_settings(
                bootstrap="127.0.0.1:9092",
                signing_keys="nothing is signed",
                database_url=f"sqlite:///{tmp_path}/nothing.db",
            )
        )
    )
    pages = {
        path
        for method, path in ways_in(app)
        if method == "GET" and not path.startswith("/api/") and path not in NO_PAGES
    }
    said = HOW_TO.read_text(encoding="utf-8")

    assert pages == set(PICTURES)
    for name in PICTURES.values():
        assert f"](../images/{name}.png)" in said, name
        assert (ROOT / "docs" / "images" / f"{name}.png").is_file(), name
