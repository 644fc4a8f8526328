"""Whose clock is off, by what each says of the time and when the broker has appended that."""

from rescind.cli.doctor.check import Check, Verdict
from rescind.cli.doctor.clocks_of_others import ClockReading, judge, reading_of
from rescind.events.intents import Canary, Heartbeat
from rescind.kafka.records import Record
from tests.world import NOON_MS

MINUTES_MS = 600_000


def record(value: bytes | None, at_ms: int = NOON_MS) -> Record:
    return Record("heartbeats", 0, 0, at_ms, None, value, ())


def said(who: str, *ahead_ms: int, host: str = "h") -> list[ClockReading]:
    return [ClockReading(who, host, one) for one in ahead_ms]


def only(checks: list[Check]) -> Check:
    (check,) = checks
    return check


def test_a_reading_is_the_senders_time_beside_the_one_at_which_it_was_appended() -> None:
    worker = Canary(agent_id="h-0", service="worker", host="h", sent_at=NOON_MS + MINUTES_MS)
    agent = Canary(agent_id="a" * 32, service="agents", host="h", sent_at=NOON_MS)
    runner = Heartbeat(runner_id="r", at=NOON_MS - MINUTES_MS, host="other")

    values = [one.model_dump_json().encode() for one in (worker, agent, runner)]

    assert [reading_of(record(value)) for value in values] == [
        ("worker h-0", "h", MINUTES_MS),
        ("agents aaaaaaaa", "h", 0),
        ("runner r", "other", -MINUTES_MS),
    ]


def test_a_runner_of_another_client_need_not_name_its_host() -> None:
    value = b'{"runner_id":"r","at":"2026-11-22T12:00:00.000Z"}'
    assert reading_of(record(value)) == ("runner r", "", 0)


def test_what_a_doctor_or_a_stranger_has_written_says_nothing() -> None:
    doctors = Canary(agent_id="d", service="doctor", host="h", sent_at=0).model_dump_json().encode()
    runners = b'{"runner_id":"r","at":"yesterday"}', b'{"runner_id":"r"}'
    for value in (None, b"", b"{", b"[]", b"7", doctors, *runners):
        assert reading_of(record(value)) is None, value


def test_whose_clock_is_off_is_named_with_the_host_and_the_remedy() -> None:
    readings = [
        *said("worker h-0", MINUTES_MS, host="h"),
        *said("runner r", 3, -40, host="right"),
    ]

    check = only(judge(readings))

    assert check.verdict is Verdict.WARN
    assert check.says == "on h: worker h-0 is 10 min ahead of the broker's"
    assert "NTP" in check.remedy
    assert "on h " in check.remedy


def test_who_is_behind_is_named_as_well() -> None:
    check = only(judge(said("agents a", -MINUTES_MS, -MINUTES_MS - 20)))
    assert check.says == "on h: agents a is 10 min behind the broker's"


def test_a_record_that_was_long_on_its_way_puts_nobodys_clock_behind() -> None:
    check = only(judge([*said("worker h-0", -8_000, -3), *said("runner new", -8_000)]))
    assert check.verdict is Verdict.OK
    assert check.says == "2 others heard in the last minute, none of them off"


def test_a_clock_that_is_ahead_shows_in_the_quickest_record() -> None:
    check = only(judge(said("worker h-0", -8_000, 2_001)))
    assert check.says == "on h: worker h-0 is 2.0 s ahead of the broker's"


def test_what_lies_within_two_seconds_is_nobodys_trouble() -> None:
    readings = [*said("worker h-0", 2_000, 1_990), *said("worker h-1", -2_000, -2_001)]
    assert only(judge(readings)).verdict is Verdict.OK


def test_the_many_of_a_host_are_one_finding_and_the_worst_comes_first() -> None:
    readings = [one for number in range(10) for one in said(f"runner {number}", 5_000 + number)]
    readings += said("worker b-0", MINUTES_MS, host="b")

    first, second = judge(readings)

    assert first.says.startswith("on b: ")
    assert second.says.startswith("on h: runner 9 is 5.0 s ahead of the broker's; runner 8 ")
    assert second.says.endswith("; and 7 more")


def test_of_very_many_hosts_the_worst_are_named_and_the_others_counted() -> None:
    readings = [one for n in range(9) for one in said("worker w", 5_000 + n, host=f"h{n}")]

    *named, rest = judge(readings)

    assert [check.says[:5] for check in named] == ["on h8", "on h7", "on h6", "on h5", "on h4"]
    assert rest.says == "those of 4 more hosts are off"
