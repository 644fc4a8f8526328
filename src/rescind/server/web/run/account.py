"""What became of a cancellation, in lines: what was stopped, left alone, never started."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from rescind.events.words import How
from rescind.server.readmodel.queries.answers import CancelAccount, TaskGroup
from rescind.server.web.shared.words import how_it_ended

__all__ = ["account_of"]

_NEVER: Final = (How.NEVER_STARTED, How.NOT_RETRIED)


class AccountLine(NamedTuple):
    """So many task runs, and what became of them."""

    number: int
    said: str


class AccountShown(NamedTuple):
    """What was stopped and how, what was left to its own end, what never started."""

    stopped: Sequence[AccountLine]
    left: Sequence[AccountLine]
    never: Sequence[AccountLine]
    open: int
    unconfirmed: int


def account_of(
    account: CancelAccount, groups: Iterable[TaskGroup], interrupts: bool | None
) -> AccountShown:
    lines = {
        how: AccountLine(count, how_it_ended(how, count, interrupts))
        for how, count in account.ended.items()
    }
    stopped = [line for how, line in lines.items() if how not in _NEVER]
    never = [line for how, line in lines.items() if how in _NEVER]
    of_state: dict[str, int] = {}
    still_open = 0
    for group in groups:
        if not group.state.startswith("Finished"):
            still_open += group.count
        elif group.state != "Finished.Cancelled":
            of_state[group.state] = of_state.get(group.state, 0) + group.count
    left = [AccountLine(count, _LEFT.get(state, state)) for state, count in of_state.items()]
    return AccountShown(stopped, left, never, still_open, account.unconfirmed)


_LEFT: Final = {
    "Finished.Success": "ended with success",
    "Finished.Failed": "failed",
    "Finished.Failed.Crashed": "crashed",
    "Finished.Failed.TimedOut": "ran out of time",
}
