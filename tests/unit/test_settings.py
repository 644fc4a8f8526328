"""Settings: where they come from, what is refused and with which words, and no secret shown."""

from pathlib import Path

import pytest

from rescind.errors import SettingsError
from rescind.events import levels
from rescind.processors.worker import policy_of
from rescind.settings import Settings, load_settings, unknown_variables
from rescind.statemachine.policy import Policy


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.startswith("RESCIND_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_a_variable_goes_before_the_file_and_an_argument_before_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "rescind.toml").write_text("partitions = 3\ngrace_seconds = 7\n")
    monkeypatch.setenv("RESCIND_PARTITIONS", "5")
    assert (load_settings().partitions, load_settings().grace_seconds) == (5, 7)
    assert load_settings(partitions=8).partitions == 8


def test_the_file_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('topic_prefix = "staging."\n')
    monkeypatch.setenv("RESCIND_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().topic_prefix == "staging."


def test_every_setting_is_used() -> None:
    import re

    root = Path(__file__).parents[2]
    modules = [*(root / "processors").rglob("*.py"), *(root / "src").rglob("*.py")]
    source = "".join(path.read_text() for path in modules if path.name != "settings.py")
    used = set(re.findall(r"settings\.(\w+)", source))
    derived = {"bootstrap", "partitions"}  # As `is_embedded` and `partition_count`.
    assert Settings.model_fields.keys() - used - derived == set()


@pytest.mark.parametrize(
    "variable, value, words",
    [
        ("PARTITIONS", "many", "RESCIND_PARTITIONS to be a valid integer"),
        ("PARTITIONS", "0", "greater than or equal to 1, but it is '0'"),
        ("GRACE_SECONDS", "-1", "RESCIND_GRACE_SECONDS to be greater than or equal to 0"),
        ("GRACE_SECONDS", "inf", "RESCIND_GRACE_SECONDS to be a finite number"),
        ("BOOTSTRAP", "kafka", "host:port, separated by commas, but it is 'kafka'"),
        ("BOOTSTRAP", "kafka:99999", "host:port"),
        ("SECURITY_PROTOCOL", "tls", "'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'"),
        ("SECURITY_PROTOCOL", "SASL_SSL", "RESCIND_SASL_USERNAME to be given together"),
        ("METRICS_PORT", "70000", "RESCIND_METRICS_PORT to be less than or equal to 65535"),
        ("LOST_AFTER_SECONDS", "6", "at least twice RESCIND_HEARTBEAT_SECONDS"),
        ("REWRITE_AFTER_SECONDS", "2600000", "less than or equal to 1296000"),
        ("FEATURE_LEVEL", str(levels.NEWEST + 1), f"which knows up to {levels.NEWEST}"),
        ("TLS_CA_FILE", "/no/such/file", "RESCIND_TLS_CA_FILE to be the path of a file"),
        ("CONFIG", "/no/such/file", "RESCIND_CONFIG to be the path of a file"),
        ("TOPIC_PREFIX", "a b", "RESCIND_TOPIC_PREFIX"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"RESCIND_{variable}", value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert words in str(raised.value)


def test_an_empty_variable_is_one_that_is_not_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in Settings.model_fields:
        if name != "topic_prefix":
            monkeypatch.setenv(f"RESCIND_{name.upper()}", "")
    assert load_settings() == Settings.model_construct(
        **{
            name: field.get_default(call_default_factory=True)
            for name, field in Settings.model_fields.items()
        }
    )
    (tmp_path / "rescind.toml").write_text("metrics_port = 9000\n")
    assert load_settings().metrics_port == 9000


def test_a_prefix_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCIND_TOPIC_PREFIX", "")
    assert load_settings().topic_prefix == ""


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rescind.toml").write_text("partition = 3\n")
    with pytest.raises(SettingsError, match="partition to be the name of a setting"):
        load_settings()


def test_a_file_that_is_not_toml_is_refused_with_the_place(tmp_path: Path) -> None:
    (tmp_path / "rescind.toml").write_text("partitions = \n")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings()


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCIND_PARTITIONS", "x")
    monkeypatch.setenv("RESCIND_GRACE_SECONDS", "y")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert [name for name, _, _ in raised.value.problems] == [
        "RESCIND_PARTITIONS",
        "RESCIND_GRACE_SECONDS",
    ]


def test_no_secret_is_printed_or_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCIND_SASL_PASSWORD", "open sesame")
    monkeypatch.setenv("RESCIND_SIGNING_KEYS", "the-first-key-of-two, the-second-key-of-two")
    settings = load_settings()
    assert [key.get_secret_value() for key in settings.signing_keys] == [
        "the-first-key-of-two",
        "the-second-key-of-two",
    ]
    shown = f"{settings!r} {settings.printable()}"
    assert "sesame" not in shown
    assert "-key-of-two" not in shown

    monkeypatch.setenv("RESCIND_SIGNING_KEYS", "short-secret")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert "short-secret" not in str(raised.value)


def test_an_embedded_broker_has_fewer_partitions_than_a_cluster() -> None:
    assert load_settings().partition_count == 4
    assert load_settings(bootstrap="kafka:9092").partition_count == 12
    assert load_settings(bootstrap="kafka:9092", partitions=6).partition_count == 6


def test_the_clocks_and_limits_by_default_are_those_that_are_promised() -> None:
    by_default = load_settings()

    assert (by_default.acknowledge_seconds, by_default.grace_seconds) == (15, 30)
    assert (by_default.deadline_seconds, by_default.abort_seconds) == (300, 30)
    assert (by_default.wait_seconds_max, by_default.armed_seconds) == (86_400, 86_400)
    assert (by_default.heartbeat_seconds, by_default.lost_after_seconds) == (5, 30)
    assert (by_default.armed_max, by_default.forget_after_seconds) == (100_000, 7 * 86_400)
    # The rules have defaults of their own, for whoever asks them without a service.
    assert policy_of(by_default) == Policy()


def test_a_variable_that_is_no_setting_is_named_with_what_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GRACE_SECOND", "NOPE", "CONFIG", "TEST_BROKER", "PARTITIONS"):
        monkeypatch.setenv(f"RESCIND_{name}", "1")

    assert unknown_variables() == [
        "RESCIND_GRACE_SECOND is set, and no setting is called so; RESCIND_GRACE_SECONDS is one",
        "RESCIND_NOPE is set, and no setting is called so",
    ]
