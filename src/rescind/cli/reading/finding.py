"""From what a person types to one flow run: a whole id, the beginning of one, or ``@latest``.

No id begins with ``@``, so that word is free. A beginning counts only when one run has it; the
latest is by registration, whatever became of it, so that the word means the same run to all who
look at the same moment.
"""

from collections.abc import Iterable
from typing import Final

from rescind.cli.reading.filters import Wanted
from rescind.cli.reading.listing import FlowList, place_of
from rescind.cli.reading.states import read_flow, read_flows
from rescind.cli.session import Session
from rescind.errors import AmbiguousIdError, UnknownRunError
from rescind.events.states import FlowState

__all__ = ["LATEST", "find_flow", "find_flows", "resolve"]

LATEST: Final = "@latest"

_SHOWN_MAX: Final = 3


def resolve(wanted: str, flows: Iterable[FlowState]) -> FlowState:
    """Return the flow run that is meant.

    Raises `UnknownRunError` or `AmbiguousIdError`.
    """
    flows = list(flows)
    if wanted == LATEST:
        if not flows:
            raise UnknownRunError(wanted)
        return min(flows, key=place_of)
    matching = [flow for flow in flows if flow.flow_run_id.startswith(wanted)]
    for flow in matching:
        if flow.flow_run_id == wanted:
            return flow
    if not matching or not wanted:
        raise UnknownRunError(wanted)
    if len(matching) > 1:
        names = sorted(flow.flow_run_id for flow in matching)
        raise AmbiguousIdError(wanted, names[:_SHOWN_MAX], len(names))
    return matching[0]


async def find_flow(session: Session, wanted: str) -> FlowState:
    """`resolve` by what is known now, and keep no run that cannot be meant.

    A whole id costs reading one partition, not all.
    """
    if wanted == LATEST:
        return resolve(wanted, await FlowList(session, Wanted(), 0).page(1))
    exact = await read_flow(session, wanted)
    if exact is not None:
        return exact
    beginning = wanted.encode()
    found = await read_flows(session, keep=lambda key: key.startswith(beginning))
    return resolve(wanted, found.by_id.values())


async def find_flows(
    session: Session, wanted: Iterable[str]
) -> dict[str, FlowState | UnknownRunError | AmbiguousIdError]:
    """`resolve` each of several, by one reading; what was wrong stands in the place of a run."""
    flows = (await read_flows(session)).by_id
    found: dict[str, FlowState | UnknownRunError | AmbiguousIdError] = {}
    for name in wanted:
        try:
            found[name] = flows[name] if name in flows else resolve(name, flows.values())
        except (UnknownRunError, AmbiguousIdError) as error:
            found[name] = error
    return found
