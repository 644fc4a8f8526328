"""Runners as the topic ``runners`` has them, and when each was heard last."""

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from rescind.cli.session import Session, needs_extra
from rescind.errors import JournalError
from rescind.events.words import RunnerCapabilities
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import offsets_at, starts

if TYPE_CHECKING:
    # What reads them needs the extra `service`, and this is imported without it.
    from rescind.statemachine.runs import RunnerRecord

__all__ = ["KnownRunner", "read_runners"]

_HEARD_SECONDS: Final = 60.0
_BEATS_BACK: Final = 4


@dataclass(frozen=True, slots=True)
class KnownRunner:
    """A runner with its states in the partitions that it uses; ``heard_ms`` None: not lately."""

    runner_id: str
    states: tuple[str, ...]
    since_ms: int
    pool: str
    capabilities: RunnerCapabilities | None
    kind: str
    heard_ms: int | None

    @property
    def is_gone(self) -> bool:
        """Whether no partition takes it for living."""
        return "Registered" not in self.states


async def read_runners(session: Session) -> list[KnownRunner]:
    """Every runner that is known, the latest first. Raises `BrokerError`, `ExtraMissingError`."""
    needs_extra("service", "transitions")
    known: defaultdict[str, dict[int, RunnerRecord]] = defaultdict(dict)
    topic = session.names.runners
    async for records in read_all(
        session.connection, topic, await starts(session.connection, topic)
    ):
        for record in records:
            runner_id = (record.key or b"").decode(errors="replace")
            found = None if record.value is None else _runner(record.value)
            if found is not None:
                known[runner_id][record.partition] = found
            else:
                known[runner_id].pop(record.partition, None)
    heard = await _heard(session)
    rows = [_row(name, said, heard.get(name)) for name, said in known.items() if said]
    return sorted(rows, key=lambda row: (-row.since_ms, row.runner_id))


def _row(runner_id: str, said: "dict[int, RunnerRecord]", heard_ms: int | None) -> KnownRunner:
    # It says the same of itself everywhere; the stub of one that was lost unseen says nothing.
    latest = max(said.values(), key=lambda one: (bool(one.pool), one.at_ms))
    return KnownRunner(
        runner_id,
        tuple(sorted({one.state for one in said.values()})),
        max(one.at_ms for one in said.values()),
        latest.pool,
        latest.capabilities,
        "" if latest.handle is None else latest.handle.kind,
        heard_ms,
    )


def _runner(value: bytes) -> "RunnerRecord | None":
    from rescind.statemachine.records import read_open
    from rescind.statemachine.runs import RunnerRecord

    try:
        found = read_open(value)
    except JournalError:
        return None
    return found if isinstance(found, RunnerRecord) else None


async def _heard(session: Session) -> dict[str, int]:
    topic = session.names.heartbeats
    seconds = max(_HEARD_SECONDS, _BEATS_BACK * session.settings.heartbeat_seconds)
    since_ms = round((time.time() - seconds) * 1000)
    heard: dict[str, int] = {}
    since = await offsets_at(session.connection, topic, since_ms)
    async for records in read_all(session.connection, topic, since):
        for record in records:
            match _json(record.value):
                case {"runner_id": str(runner_id)}:
                    heard[runner_id] = max(heard.get(runner_id, 0), record.timestamp_ms)
                case _:
                    pass
    return heard


def _json(value: bytes | None) -> object:
    try:
        said: object = orjson.loads(value or b"null")
    except orjson.JSONDecodeError:
        return None
    return said
