"""Hooks in the settings: what is wrong is named, with what to write instead, and no secret."""

from pathlib import Path

import pytest

from rescind.errors import SettingsError
from rescind.events.hooks import HookKind
from rescind.settings import load_settings, unknown_variables
from tests.sink import SECRET


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("RESCIND_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str) -> None:
    Path("rescind.toml").write_text(text)


def test_a_table_is_a_hook_with_all_events_by_default() -> None:
    written(f'[hooks.ops]\nurl = "https://example.org/told"\nsecret = "{SECRET}"\n')

    hook = load_settings().hooks["ops"]

    assert set(hook.events) == set(HookKind) - {HookKind.TEST}
    assert (hook.timeout_seconds, hook.retry_seconds) == (10, 86_400)
    assert hook.place == "https://example.org"


def test_a_secret_may_be_a_variable_so_that_no_file_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written('[hooks.ops]\nurl = "https://example.org/told"\n')
    monkeypatch.setenv("RESCIND_HOOKS__OPS__SECRET", SECRET)

    assert [each.get_secret_value() for each in load_settings().hooks["ops"].secrets] == [SECRET]
    assert unknown_variables() == []


def test_neither_secret_nor_address_is_shown() -> None:
    written(f'[hooks.ops]\nurl = "https://me:pass@example.org/T0KEN"\nsecret = "{SECRET}"\n')
    settings = load_settings()

    shown = f"{settings!r} {settings.printable()} {settings.hooks['ops']!r}"

    assert "example.org" in shown
    for secret in ("T0KEN", "pass@", SECRET):
        assert secret not in shown


@pytest.mark.parametrize(
    "text,words",
    [
        ('url = "https://example.org"', "hooks.ops.secret to be whsec_"),
        (f'secret = "{SECRET}"', "hooks.ops.url to be an address as https://HOST/PATH"),
        (f'url = "ftp://x"\nsecret = "{SECRET}"', "hooks.ops.url to be an address"),
        (f'url = "https://"\nsecret = "{SECRET}"', "hooks.ops.url to be an address"),
        (f'url = "http://x:99999"\nsecret = "{SECRET}"', "hooks.ops.url to be an address"),
        ('url = "http://x"\nsecret = "sesame"', "openssl rand -base64 32"),
        ('url = "http://x"\nsecret = "whsec_c2VzYW1l"', "the base64 of 24 to 64 bytes"),
        ('url = "http://x"\nsecret = 7', "hooks.ops.secret to be whsec_"),
        ('evens = ["flow.stuck"]', "hooks.ops.evens to be a key of a hook (enabled, url"),
        ('events = ["flow.lost"]', "'flow.unconfirmed' or 'hook.test', but it is 'flow.lost'"),
        ('events = ["hook.test"]', "only asked for by command"),
        ("events = []", "hooks.ops.events"),
        ("timeout_seconds = 0", "hooks.ops.timeout_seconds to be greater than"),
        ("retry_seconds = inf", "hooks.ops.retry_seconds"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_expected(text: str, words: str) -> None:
    written(f"[hooks.ops]\n{text}\n")

    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert words in str(raised.value)
    for secret in (SECRET, "sesame", "ftp://x", "c2VzYW1l"):
        assert secret not in str(raised.value)


@pytest.mark.parametrize("name", ["Ops", "o p s", "-ops", "ö"])
def test_a_name_is_one_that_a_group_and_a_variable_can_have(name: str) -> None:
    written(f'[hooks."{name}"]\n')

    with pytest.raises(SettingsError, match="the name of a hook: small letters"):
        load_settings()
