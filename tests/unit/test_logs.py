"""What a process logs: everything in one format, and in a traceback nothing that is secret."""

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


def _fail_with(password: str) -> None:
    try:
        raise RuntimeError(f"as it must after {len(password)} characters")
    except RuntimeError:
        structlog.get_logger().exception("failed")
