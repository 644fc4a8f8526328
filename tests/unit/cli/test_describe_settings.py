"""The page about settings is made from them."""

from pathlib import Path

from rescind.cli.describe_settings import PAGE, page
from rescind.settings import Settings

ROOT = Path(__file__).parents[3]


def test_the_page_in_the_repository_is_the_one_that_the_settings_make() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


def test_it_has_each_setting_once_with_its_default_and_its_limits() -> None:
    lines = [line for line in page().splitlines() if line.startswith("| `RESCIND_")]

    names = [line.split("`")[1].removeprefix("RESCIND_").lower() for line in lines]
    assert names == list(Settings.model_fields)
    (port,) = [line for line in lines if "`RESCIND_HTTP_PORT`" in line]
    assert port.split(" | ")[1] == "`19080`"
    assert port.endswith("0 to 65535. |")


def test_a_default_that_is_made_is_the_one_that_is_shown() -> None:
    made = [name for name, field in Settings.model_fields.items() if field.default_factory]
    (hooks,) = [line for line in page().splitlines() if "`RESCIND_HOOKS`" in line]

    assert "hooks" in made
    assert hooks.split("|")[2].strip() == ""
    assert "Undefined" not in page()


def test_no_secret_has_a_default_that_the_page_would_show() -> None:
    secrets = [line for line in page().splitlines() if line.endswith("A secret. |")]

    assert len(secrets) == 4
    assert all(line.split("|")[2].strip() == "" for line in secrets)
