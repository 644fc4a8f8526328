"""The ladder of a cancellation that goes on: what is behind, what runs now, what is ahead."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rescind.events.words import Mode
from rescind.server.readmodel.queries.answers import CancelAccount, StepTaken
from rescind.server.web.shared.words import RUNGS, duration, listed, who

__all__ = ["Step", "called", "ladder_of", "steps_of"]


class Step(NamedTuple):
    """A step of the way: whether it is behind, running or ahead, and its clock if it has one."""

    word: str
    said: str
    is_at: Literal["done", "now", "ahead"]
    until_ms: int | None = None


def ladder_of(account: CancelAccount, now_ms: int) -> Sequence[Step] | None:
    """The steps of a cancellation that goes on; None once it is over."""
    if not account.state.endswith("Cancelling"):
        return None
    begun = account.cancellation
    over_ms = _grace_over_ms(account)
    grace = _grace(account, now_ms)
    deadline = Step(
        "Deadline",
        "what was said to be stoppable and has not stopped is given up",
        "ahead" if now_ms < begun.deadline_at else "done",
        begun.deadline_at,
    )
    beginning = (*_told(account), *steps_of(account), grace)
    for_what = _beyond_stopping(account)
    if for_what and now_ms >= over_ms:
        waiting = Step("Waiting", f"{for_what}; until then at the latest", "now", begun.wait_until)
        both = (waiting, deadline) if now_ms < begun.deadline_at else (deadline, waiting)
        return (*beginning, *both)
    if begun.mode is Mode.GRACEFUL and over_ms <= now_ms < begun.deadline_at:
        deadline = deadline._replace(said="what has not stopped by then is given up", is_at="now")
    latest = Step(
        "At the latest",
        "even what cannot be stopped is waited for no longer",
        "ahead" if now_ms < begun.wait_until else "done",
        begun.wait_until,
    )
    return (*beginning, deadline, latest)


def called(account: CancelAccount, task_run_ids: Sequence[str]) -> Sequence[str]:
    """Task runs by their ids, and the body by what it is."""
    return ["the flow's own code" if one == account.body_id else one for one in task_run_ids]


def steps_of(account: CancelAccount) -> Iterator[Step]:
    """The rungs that were taken, each as far as it was."""
    asked_ms = account.cancellation.asked_at
    for taken in account.steps:
        word = RUNGS[taken.rung]
        yield Step(word if taken.outcome == "done" else f"Not {word.lower()}",
                   _taken(taken, asked_ms), "done")  # fmt: skip


def _taken(step: StepTaken, asked_ms: int) -> str:
    count = f"{step.task_runs:,} task run{'' if step.task_runs == 1 else 's'}"
    first, last = step.first_ms - asked_ms, step.last_ms - asked_ms
    when = f"+{duration(first)}" + (f" to +{duration(last)}" if last > first else "")
    if step.at_least:
        count, when = f"at least {count}", f"up to +{duration(last)}"
    why = "" if step.outcome == "done" else f": {step.message or step.outcome}"
    return f"{count}, {when}{why}"


def _told(account: CancelAccount) -> Iterator[Step]:
    begun, waiting = account.cancellation, account.waited_for
    knows = sum(one.acknowledged for one in waiting)
    told = bool(begun.told) or not waiting
    runners = f"{knows} of {len(waiting)} that still hold work" if waiting else "nobody holds work"
    all_know = knows == len(waiting)
    yield Step("Asked", f"by {who(begun.actor)}", "done")
    yield Step("Runners told", f"{len(begun.told)} told", "done" if told else "now")
    yield Step("Acknowledged", runners, "done" if told and all_know else "now" if told else "ahead")


def _grace(account: CancelAccount, now_ms: int) -> Step:
    begun, over_ms = account.cancellation, _grace_over_ms(account)
    if begun.mode is Mode.ABORT:
        goes_on = not _beyond_stopping(account)
        said = "what can be killed is killed at once"
        return Step("Abort", said, "now" if goes_on else "done")
    said = "what runs may end by itself; what does not is killed where it can be"
    return Step("Grace", said, "now" if now_ms < over_ms else "done", over_ms)


def _grace_over_ms(account: CancelAccount) -> int:
    begun = account.cancellation
    if begun.mode is Mode.ABORT:
        return begun.asked_at
    return begun.asked_at + round(begun.grace_seconds * 1000)


def _beyond_stopping(account: CancelAccount) -> str:
    """What the ladder has no rung for, and its end is waited for."""
    cannot = [name for one in account.waited_for for name in one.cannot_stop]
    named = listed(called(account, cannot), 3)
    parts = [f"what cannot be stopped ({named})"] if cannot else []
    going = [one for one in account.teardowns if one.outcome in {"asked", "started", "failed"}]
    if any(not one.is_shared for one in going):
        parts.append("a teardown")
    if not account.waited_for and any(child.is_waited_for for child in account.family.children):
        parts.append("its children")
    return f"for {' and '.join(parts)}" if parts else ""
