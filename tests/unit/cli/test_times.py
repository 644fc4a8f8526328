"""Times as a person types them."""

from datetime import datetime

import pytest
import typer

from rescind.cli.reading.times import typed_time

NOW = 1_795_348_800_000


@pytest.mark.parametrize(
    "text, seconds",
    [("90s", 90), ("30m", 1_800), ("30 min", 1_800), ("2h", 7_200), ("3d", 259_200)],
)
def test_so_long_ago(text: str, seconds: int) -> None:
    assert typed_time(text, "--since", NOW) == NOW - 1000 * seconds


@pytest.mark.parametrize("text", ["2026-11-27", "2026-11-27T14:00", "2026-11-27 14:00:01.5"])
def test_without_an_offset_it_is_local(text: str) -> None:
    local = datetime.fromisoformat(text).astimezone()

    assert typed_time(text, "--since", NOW) == round(local.timestamp() * 1000)


def test_with_an_offset_it_is_that_moment() -> None:
    assert typed_time("2026-11-22T12:00:00.000Z", "--since", NOW) == NOW


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "-2h", ""])
def test_anything_else_is_one_line(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected --until to be so long ago"):
        typed_time(text, "--until", NOW)


def test_nothing_is_nothing() -> None:
    assert typed_time(None, "--since", NOW) is None
