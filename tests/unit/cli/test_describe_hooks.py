"""The page about hooks is made from their models."""

from pathlib import Path

from rescind.cli.describe_hooks import PAGE, page
from rescind.events.hooks import HookEvent, HookKind
from rescind.settings.hooks import Hook

ROOT = Path(__file__).parents[3]


def test_the_page_in_the_repository_is_the_one_that_the_models_make() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


def test_it_has_each_key_each_kind_and_each_field() -> None:
    rows = [line.split("`")[1] for line in page().splitlines() if line.startswith("| `")]

    for name in (*Hook.model_fields, *HookEvent.model_fields, *HookKind):
        assert name in rows


def test_a_time_is_said_to_be_a_text_as_it_is_in_json() -> None:
    (at,) = [line for line in page().splitlines() if line.startswith("| `at` |")]

    assert at.split(" | ")[1] == "a time"
