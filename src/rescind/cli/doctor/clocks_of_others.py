"""Whose clock is off: workers, agents and runners, by what they have said lately in `heartbeats`.

Each record there has the time by its sender's clock and the one at which the broker appended it.
The difference is the clock's and the way's, and a way only takes time: so of all that somebody
has said, what is furthest ahead is nearest to the truth. Who seems to be behind by one record
alone may have waited for its connection, and is not judged by that.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from rescind.cli.doctor.check import Check, ok, warn
from rescind.cli.session import Session
from rescind.events.words import moment_from_text
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import offsets_at
from rescind.kafka.records import Record
from rescind.telling.words import counted, duration, short

__all__ = ["ClockReading", "check_clocks_of_others", "judge", "reading_of"]

_NAME: Final = "clocks"
_AHEAD_MS_MAX: Final = 2_000
_HOSTS_MAX: Final = 5
_NAMED_MAX: Final = 3
_HOST_MAX: Final = 255

# Workers say their time every 10 seconds, agents each second.
_SECONDS_BACK: Final = 60.0
_BEATS_BACK: Final = 4


class ClockReading(NamedTuple):
    """What one record says of its sender's clock; ``ahead_ms`` less than 0: it is behind."""

    who: str
    host: str
    ahead_ms: int


async def check_clocks_of_others(session: Session, broker_ms: int) -> list[Check]:
    """Everybody who was heard in the last minute, as of the broker's time."""
    topic = session.names.heartbeats
    seconds = max(_SECONDS_BACK, _BEATS_BACK * session.settings.heartbeat_seconds)
    since = await offsets_at(session.connection, topic, broker_ms - round(seconds * 1000))
    readings: list[ClockReading] = []
    async for records in read_all(session.connection, topic, since):
        readings += [found for record in records if (found := reading_of(record)) is not None]
    return judge(readings)


def reading_of(record: Record) -> ClockReading | None:
    """What it says of a clock; None: nothing, or it is a stranger's."""
    said = _read(record.value)
    match said:
        case {"service": "worker" | "agents" as service, "agent_id": str(its), "sent_at": str(at)}:
            who = f"{service} {short(its)}"
        case {"runner_id": str(runner_id), "at": str(at)}:
            who = f"runner {short(runner_id)}"
        case _:
            return None
    host = said.get("host", "")
    try:
        at_ms = moment_from_text(at)
    except ValueError:
        return None
    return ClockReading(who, str(host)[:_HOST_MAX], at_ms - record.timestamp_ms)


def judge(readings: Iterable[ClockReading]) -> list[Check]:
    """A warning for each host where somebody's clock is off; one check if nobody's is."""
    of_each: dict[tuple[str, str], list[int]] = {}
    for who, host, ahead_ms in readings:
        of_each.setdefault((host, who), []).append(ahead_ms)
    off: dict[str, dict[str, int]] = {}
    for (host, who), said in of_each.items():
        if _is_off(said):
            off.setdefault(host, {})[who] = max(said)
    if not off:
        says = f"{counted(len(of_each), 'other')} heard in the last minute, none of them off"
        return [ok(_NAME, says)]
    worst_first = sorted(off.items(), key=lambda one: -max(map(abs, one[1].values())))
    checks = [_warning(host, ahead) for host, ahead in worst_first[:_HOSTS_MAX]]
    if len(off) > _HOSTS_MAX:
        says = f"those of {len(off) - _HOSTS_MAX} more hosts are off"
        checks.append(warn(_NAME, says, "set them by NTP"))
    return checks


def _is_off(said: Sequence[int]) -> bool:
    nearest_ms = max(said)
    return nearest_ms > _AHEAD_MS_MAX or (nearest_ms < -_AHEAD_MS_MAX and len(said) > 1)


def _warning(host: str, ahead: dict[str, int]) -> Check:
    ordered = sorted(ahead.items(), key=lambda one: -abs(one[1]))
    says = "; ".join(f"{who} is {_off_by(ms)}" for who, ms in ordered[:_NAMED_MAX])
    if len(ordered) > _NAMED_MAX:
        says += f"; and {len(ordered) - _NAMED_MAX} more"
    where = f"on {host}" if host else "on a host that is not named"
    remedy = (
        f"set the clock {where} by NTP: no decision depends on it, "
        "but the times in logs and reports from there do"
    )
    return warn(_NAME, f"{where}: {says}", remedy)


def _off_by(ahead_ms: int) -> str:
    return f"{duration(abs(ahead_ms))} {'ahead of' if ahead_ms > 0 else 'behind'} the broker's"


def _read(value: bytes | None) -> Any:
    try:
        return orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
