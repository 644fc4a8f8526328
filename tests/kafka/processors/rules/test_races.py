"""A cancel against each thing that may happen in the same moment, on a real Kafka.

The traces are those that the core is held to; see `tests.sizes` for how many.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final, NamedTuple

import pytest

from rescind.cli.printing.lines import journal_line
from tests.kafka.processors.rules.traces import Playing
from tests.kafka.processors.service import Service
from tests.kafka.processors.verdict import assert_right
from tests.model import shell
from tests.model.races import (
    ORDERS,
    RACES,
    RESTARTS,
    Verdict,
    core_verdict,
    trace_of,
    verdict_of,
)
from tests.sizes import FULL, shares_of

# No clock decides a race, however slow the machine is, and no limit: a child that was kept out
# begins all the same once its stub is forgotten, which is what many races side by side would do.
POLICY: Final = replace(
    shell.POLICY,
    deadline_seconds=300,
    wait_seconds_max=300,
    forget_after_seconds=3_600,
    armed_max=1_000,
    finished_max=1_000,
)
SHARES: Final = list(shares_of(8 if FULL else 1, each=1))


class Played(NamedTuple):
    name: str
    order: str
    restart: str


def to_be_played(seed: int) -> Iterator[Played]:
    """Each race in each order, and a restart in the midst of each: at every place, or at one."""
    for name in RACES:
        for at, order in enumerate(ORDERS):
            places = RESTARTS if FULL else [RESTARTS[(at + seed) % len(RESTARTS)]]
            yield from (Played(name, order, restart) for restart in places)


@pytest.mark.sized
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seeds", SHARES, ids=str)
async def test_whatever_falls_in_the_midst_a_race_ends_as_if_one_of_the_two_had_been_first(
    service: Service, seeds: range
) -> None:
    first_number = 1_000 * seeds.start
    races = dict(enumerate(to_be_played(seeds.start), first_number))
    traces = {
        number: trace_of(RACES[race.name], race.order, race.restart)
        for number, race in races.items()
    }
    # What is on a wrong partition comes later than what was sent after it.
    playing = Playing(service, traces, POLICY, misplaced=0)

    await playing.to_the_end()

    await assert_right(service)
    assert playing.checked > 0
    states = await last_states(service)
    met = Counter[str]()
    for number, race in races.items():
        came_to = verdict_of(states[number].items())
        first, second = either_verdict(race.name)
        if came_to not in {first, second}:
            pytest.fail("\n".join([f"{race} came to {came_to}", *story(service, number)]))
        if first != second:
            met["the cancel" if came_to == first else "the other"] += 1
    # Else the races would say nothing.
    assert set(met) == {"the cancel", "the other"}, met


@cache
def either_verdict(name: str) -> list[Verdict]:
    """What it comes to if the one, or the other, was all over before."""
    race = RACES[name]
    return [core_verdict(trace_of(race, order, "before", in_turn=True)) for order in ORDERS[:2]]


def story(service: Service, number: int) -> Iterator[str]:
    """What the journal has of one trace, for whoever has to find out what came of it."""
    for entry in service.journal.entries:
        if entry.stream_id.startswith(f"{number}-"):
            yield f"{entry.id} {journal_line(entry).plain}"


async def last_states(service: Service) -> dict[int, dict[str, bytes]]:
    """The last record of each run, by the trace that it belongs to."""
    last: dict[int, dict[str, bytes]] = {}
    for topic in (service.names.flow_states, service.names.task_states):
        for record in await service.read(topic):
            number, _, key = (record.key or b"").decode().partition("-")
            if record.value is not None:
                last.setdefault(int(number), {})[key] = record.value
    return last
