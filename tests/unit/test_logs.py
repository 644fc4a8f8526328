"""What a process logs: everything in one format, and in a traceback nothing that is secret."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from rescind.logs import configure_logging


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root, client = logging.getLogger(), logging.getLogger("aiokafka")
    handlers, levels, config = root.handlers[:], (root.level, client.level), structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    client.setLevel(levels[1])
    structlog.configure(**config)


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_has_no_local_variables(
    as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(json=as_json)

    _fail_with("made-up" + "-password")

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "RuntimeError: as it must after 16 characters" in said
    assert "made-up-password" not in said


@pytest.mark.usefixtures("_logging_as_before")
def test_lines_of_pythons_own_logging_say_what_they_are_about(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(json=True)

    about = {"flow_run_id": "f", "task_run_id": "t", "password": "made-up"}
    logging.getLogger("any").warning("%s failed", "t", extra=about)

    (said,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (said["event"], said["flow_run_id"], said["task_run_id"]) == ("t failed", "f", "t")
    assert "made-up" not in said.values()


@pytest.mark.usefixtures("_logging_as_before")
@pytest.mark.parametrize("chosen, as_json", [("json", True), ("console", False), ("", True)])
def test_the_format_can_be_chosen(
    chosen: str, as_json: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCIND_LOG_FORMAT", chosen)
    configure_logging()

    structlog.get_logger("any").info("said")

    assert capsys.readouterr().err.startswith("{") is as_json


def _fail_with(password: str) -> None:
    try:
        raise RuntimeError(f"as it must after {len(password)} characters")
    except RuntimeError:
        structlog.get_logger().exception("failed")
