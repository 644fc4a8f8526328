"""Are the services there, and do they keep up: workers, lag of each lane, agents."""

from rescind.cli.doctor.check import Check, fail, ok, warn
from rescind.cli.session import Session
from rescind.cli.up.state import read_up
from rescind.errors import BrokerUnavailableError
from rescind.kafka.owning.groups import GroupReport, describe_group
from rescind.kafka.reading.visits import Visit
from rescind.telling.words import counted

__all__ = ["check_services", "lag_of"]

_LAG_MAX = 10_000
_START = "start `rescind worker`, or `rescind up` on one machine"


async def check_services(session: Session) -> list[Check]:
    names = session.names
    checks: list[Check] = []
    if session.settings.is_embedded:
        checks.append(_up(session))
    try:
        lifecycle = await describe_group(session.connection, names.lifecycle_group)
        agents = await describe_group(session.connection, f"{names.prefix}agents")
    except BrokerUnavailableError as error:
        return [*checks, fail("workers", f"the groups cannot be asked: {error.why}", _START)]
    lanes = (names.stop_requests, names.start_requests)
    async with Visit(session.connection) as visit:
        last = {topic: await visit.ends(topic) for topic in lanes}
    checks.append(_workers(lifecycle, len(last[names.stop_requests]), names.stop_requests))
    checks += [_lag(topic, lag_of(lifecycle, topic, last[topic])) for topic in lanes]
    checks.append(_agents(agents))
    return checks


def _up(session: Session) -> Check:
    folder = session.settings.data_dir
    up = read_up(folder)
    if up is None:
        return warn("up", f"nobody watches over the services on {folder}", "run `rescind up` there")
    return ok("up", f"`rescind up` runs as process {up.pid} on {folder}")


def _workers(group: GroupReport, partitions: int, topic: str) -> Check:
    members = [member for member in group.members if member.partitions]
    served = group.served(topic)
    if not group.members:
        return fail("workers", "none runs: requests wait in Kafka", _START)
    if group.state != "Stable":
        return warn("workers", f"their group is in state {group.state}", "look again in a moment")
    if missing := set(range(partitions)) - served:
        which = ", ".join(map(str, sorted(missing)[:5]))
        return fail("workers", f"nobody serves partitions {which}", "look into the workers' logs")
    hosts = ", ".join(sorted({member.host for member in members}))
    return ok(
        "workers",
        f"{counted(len(members), 'worker')} for all {partitions} partitions, at {hosts}",
    )


def lag_of(group: GroupReport, topic: str, last: dict[int, int]) -> int | None:
    """How many offsets are not read yet, by what was committed; None if nothing was."""
    read = {number: group.committed.get((topic, number)) for number in last}
    known = [last[number] - offset for number, offset in read.items() if offset is not None]
    return sum(max(0, behind) for behind in known) if known else None


def _lag(topic: str, lag: int | None) -> Check:
    name = topic.rpartition(".")[2]
    if lag is None:
        return ok(name, "no worker has said yet how far it has read")
    if lag > _LAG_MAX:
        return warn(name, f"{lag} requests wait", "start more workers, up to one a partition")
    return ok(name, f"{counted(lag, 'request')} not read yet" if lag else "everything is read")


def _agents(group: GroupReport) -> Check:
    if not group.members:
        remedy = "start `rescind agents`: without it a runner that dies is never given up"
        return fail("agents", "none runs", remedy)
    return ok("agents", f"{len(group.members)} at work")
