"""What became of a cancellation, in lines; and while it goes on, its ladder with the clocks."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple

from rescind.events.words import How, Mode
from rescind.server.readmodel.queries.answers import CancelAccount, TaskGroup
from rescind.server.web.words import HOWS, who

__all__ = ["AccountLine", "Rung", "account_of", "ladder_of"]

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


class Rung(NamedTuple):
    """A step of the way: whether it is behind, running or ahead, and its clock if it has one."""

    word: str
    said: str
    is_at: Literal["done", "now", "ahead"]
    until_ms: int | None = None


def account_of(account: CancelAccount, groups: Iterable[TaskGroup]) -> AccountShown:
    stopped = [
        AccountLine(count, HOWS[how]) for how, count in account.ended.items() if how not in _NEVER
    ]
    never = [AccountLine(count, HOWS[how]) for how, count in account.ended.items() if how in _NEVER]
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


def ladder_of(account: CancelAccount, now_ms: int) -> Sequence[Rung] | None:
    """The steps of a cancellation that goes on; None once it is over."""
    begun = account.cancellation
    if not account.state.endswith("Cancelling"):
        return None
    waiting = account.waited_for
    knows = sum(one.acknowledged for one in waiting)
    told = bool(begun.told) or not waiting
    is_abort = begun.mode is Mode.ABORT
    grace_ms = begun.asked_at + round(begun.grace_seconds * 1000)
    in_grace = not is_abort and now_ms < grace_ms
    runners = f"{knows} of {len(waiting)} that still hold work" if waiting else "nobody holds work"
    all_know = knows == len(waiting)
    return (
        Rung("Asked", f"by {who(begun.actor)}", "done"),
        Rung("Runners told", f"{len(begun.told)} told", "done" if told else "now"),
        Rung("Acknowledged", runners, "done" if told and all_know else "now" if told else "ahead"),
        Rung(
            "Abort" if is_abort else "Grace",
            "what can be killed is killed at once"
            if is_abort
            else "what runs may end by itself; what does not is killed where it can be",
            "now" if in_grace or is_abort else "done",
            None if is_abort else grace_ms,
        ),
        Rung(
            "Deadline",
            "what was said to be stoppable and has not stopped is given up",
            "ahead" if now_ms < begun.deadline_at else "done",
            begun.deadline_at,
        ),
        Rung(
            "At the latest",
            "even what cannot be stopped is waited for no longer",
            "ahead" if now_ms < begun.wait_until else "done",
            begun.wait_until,
        ),
    )
