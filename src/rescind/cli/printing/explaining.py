"""The story of one flow run in sentences: what happened, why, and what proves it.

`explain` is total over any journal of one flow run, of one that was never cancelled too. It is
pure: the entries alone say it, so anybody who has them can say it again.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rescind.cli.printing.explaining_known import Known, Task
from rescind.events.journal import (
    CancellationArmed,
    Entry,
    FlowCancelled,
    FlowCancelling,
    FlowFailed,
    FlowRegistered,
    FlowStarted,
    RequestDeniedRecorded,
    RequestRefused,
    TaskCancelled,
    TaskCancelling,
    TaskFailed,
)
from rescind.telling.story import tell
from rescind.telling.story_of_runs import account_in_words, was_over_at_once
from rescind.telling.words import (
    actor,
    clock,
    counted,
    day_and_clock,
    duration,
    plain,
    quoted,
    short,
)

__all__ = ["explain"]

_NAMED_MAX: Final = 20


def explain(entries: Iterable[Entry]) -> list[str]:
    """Return sentences in the order of what they tell; none where there is nothing to tell."""
    known = Known()
    for entry in entries:
        known.hear(entry)
    return [sentence for part in _PARTS for sentence in part(known)]


def _beginning(known: Known) -> Iterator[str]:
    if (armed := known.armed) is not None:
        reason = armed.event.reason if isinstance(armed.event, CancellationArmed) else ""
        said = f"At {day_and_clock(armed.at_ms)} {actor(armed.actor)} asked to cancel it"
        yield f"{said} before anybody knew it{_because(reason)}."
    if (entry := known.registered) is not None and isinstance(entry.event, FlowRegistered):
        event = entry.event
        again = "" if event.rerun_of is None else f", to repeat {short(event.rerun_of)}"
        parent = "" if event.parent is None else f", a child of {short(event.parent.flow_run_id)}"
        yield (
            f"{quoted(event.name)} was registered at {day_and_clock(entry.at_ms)} "
            f"in {plain(event.namespace)}{parent}{again}."
        )
    if (entry := known.started) is not None and isinstance(entry.event, FlowStarted):
        yield f"Runner {short(entry.event.runner_id)} began it at {clock(entry.at_ms)}."


def _asking(known: Known) -> Iterator[str]:
    entry = known.asked
    if entry is None or not isinstance(entry.event, FlowCancelling):
        if (end := known.end) is not None and was_over_at_once(end):
            yield from _asking_of_nothing(end)
        return
    terms = entry.event.terms
    yield f"{_asked(entry)}{_because(terms.reason, terms.bulk_id)}."
    if terms.grace_seconds:
        given = f"What ran was given {duration(terms.grace_seconds * 1000)} to stop by itself"
    else:
        given = "What ran was to be killed at once"
    yield f"{given}; what can be stopped was to be over by {clock(terms.deadline_at)}."
    if known.asked_again:
        count = len(known.asked_again)
        yield f"It was asked {counted(count, 'more time')} meanwhile, which changed nothing."
    for each in known.escalated:
        yield f"At {clock(each.at_ms)}: {tell(each)}."


def _asking_of_nothing(end: Entry) -> Iterator[str]:
    if isinstance(end.event, FlowCancelled):
        yield f"{_asked(end)}{_because(end.event.reason, end.event.bulk_id)}."
        yield "Nothing of it ran."


def _asked(entry: Entry) -> str:
    return f"At {clock(entry.at_ms)} {actor(entry.actor)} asked to cancel it"


def _because(reason: str, bulk_id: str | None = None) -> str:
    way = "" if bulk_id is None else f", in the bulk cancellation {plain(bulk_id)}"
    return f"{way}: {quoted(reason)}" if reason else way


def _asking_alone(known: Known) -> Iterator[str]:
    """Of task runs that were cancelled by themselves, before the flow run was or without that."""
    found = [task for task in known.tasks.values() if task.asked_alone is not None]
    for task in found[:_NAMED_MAX]:
        asked = task.asked_alone
        assert asked is not None
        assert isinstance(asked.event, TaskCancelled | TaskCancelling)
        terms, called = asked.event.terms, known.called(task.task_run_id)
        why = _because("" if terms is None else terms.reason)
        yield f"At {clock(asked.at_ms)} {actor(asked.actor)} asked to cancel {called} alone{why}."
        if task.end is not None and not _is_told_later(task, known):
            yield f"{called}: {_how_it_ended(task, asked.at_ms)}"
    if len(found) > _NAMED_MAX:
        yield f"{counted(len(found) - _NAMED_MAX, 'more task run')} were cancelled alone."


def _is_told_later(task: Task, known: Known) -> bool:
    """Whether it ended after the flow run's own cancel, and is told of with that."""
    return task.end is not None and known.asked is not None and task.end.at_ms >= known.asked.at_ms


def _turning_away(known: Known) -> Iterator[str]:
    yield from _turned_away([one for one in known.turned_away if not _is_after_the_end(one, known)])


def _turning_away_since(known: Known) -> Iterator[str]:
    yield from _turned_away([one for one in known.turned_away if _is_after_the_end(one, known)])


def _is_after_the_end(entry: Entry, known: Known) -> bool:
    return known.end is not None and entry.at_ms >= known.end.at_ms


def _turned_away(found: Sequence[Entry]) -> Iterator[str]:
    for entry in found[:_NAMED_MAX]:
        who = f"At {clock(entry.at_ms)} {actor(entry.actor)}"
        match entry.event:
            case RequestDeniedRecorded(asked=asked, permission=permission):
                yield f"{who} was denied {plain(asked)}: {plain(permission)} is missing."
            case RequestRefused(code=code, message=message):
                yield f"{who} asked to cancel it and was refused {code}: {plain(message)}."
            case _:
                pass
    if len(found) > _NAMED_MAX:
        yield f"{counted(len(found) - _NAMED_MAX, 'more request')} came to nothing."


def _telling(known: Known) -> Iterator[str]:
    if known.asked is None or not known.told:
        return
    silent = [runner_id for runner_id in known.told if runner_id not in known.acknowledged]
    said = [known.acknowledged[runner_id] for runner_id in known.told if runner_id not in silent]
    many = counted(len(known.told), "runner")
    yield f"{many} that held a piece of it {'was' if len(known.told) == 1 else 'were'} told."
    if said:
        last = duration(max(0, max(said) - known.asked.at_ms))
        yield f"{len(said)} acknowledged, the last after {last}."
    if silent:
        yield f"Never acknowledged: {_names(silent)}."
    if known.cannot_stop:
        yield f"Said to be beyond stopping, and waited for: {_names(sorted(known.cannot_stop))}."


def _stopping(known: Known) -> Iterator[str]:
    if known.asked is None:
        return
    at_ms = known.asked.at_ms
    swept = sum(task.is_swept for task in known.tasks.values())
    if swept:
        yield f"{counted(swept, 'task run')} had nothing running and never will."
    alone = [known.called(task.task_run_id) for task in known.tasks.values() if task.is_left_alone]
    if alone:
        yield f"Left alone, as its policy says: {_names(alone)}."
    for entry in known.warnings[:_NAMED_MAX]:
        yield f"At {clock(entry.at_ms)}: {tell(entry)}."
    if len(known.warnings) > _NAMED_MAX:
        yield f"{counted(len(known.warnings) - _NAMED_MAX, 'more warning')} of executors."
    for entry in known.teardowns.values():
        since = duration(max(0, entry.at_ms - at_ms))
        yield f"{_sentence(tell(entry))} ({since} after it was asked)."
    ended = [
        task for task in known.tasks.values() if not task.is_swept and _is_told_later(task, known)
    ]
    ended.sort(key=lambda task: task.end.at_ms if task.end is not None else 0)
    for task in ended[:_NAMED_MAX]:
        yield f"{known.called(task.task_run_id)}: {_how_it_ended(task, at_ms)}"
    if len(ended) > _NAMED_MAX:
        yield f"{counted(len(ended) - _NAMED_MAX, 'more task run')} ended after it was asked."
    unseen = [known.called(task.task_run_id) for task in ended if _is_unseen(task)]
    if unseen:
        yield f"Nobody has seen these stop: {_names(unseen)}. They may still run."


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]


def _how_it_ended(task: Task, asked_ms: int) -> str:
    """The rungs of the ladder that were climbed, and what came of it."""
    assert task.end is not None
    rungs = "".join(f"{tell(rung)}, " for rung in task.rungs)
    since = duration(max(0, task.end.at_ms - asked_ms))
    return f"{rungs}{tell(task.end)} ({since} after it was asked)."


def _is_unseen(task: Task) -> bool:
    event = None if task.end is None else task.end.event
    return isinstance(event, TaskCancelled | TaskFailed) and not event.stopped_confirmed


def _ending(known: Known) -> Iterator[str]:
    entry = known.end
    if entry is None:
        yield from _waiting(known)
        return
    since = ""
    if known.asked is not None:
        since = f", {duration(max(0, entry.at_ms - known.asked.at_ms))} after it was asked"
    match entry.event:
        case FlowCancelled() as event:
            what = f"Cancelled: {account_in_words(event.account)}"
        case FlowFailed() as event:
            what = f"Failed: {tell(entry)}"
        case _:
            what = "Success"
    yield f"At {clock(entry.at_ms)}{since}, it was {what}."
    for late in known.late:
        yield f"What came after that changed nothing: {tell(late)}."


def _waiting(known: Known) -> Iterator[str]:
    if known.registered is None:
        return
    going = [task for task in known.tasks.values() if task.end is None and task.has_started]
    open_ones = [known.called(task.task_run_id) for task in going if known.is_awaited(task)]
    if known.asked is None and known.turned_away:
        yield "It has not ended, and is not being cancelled."
    elif known.asked is None:
        alone = any(task.asked_alone is not None for task in known.tasks.values())
        whole = " as a whole" if alone else ""
        yield f"It has not ended, and nobody has asked to cancel it{whole}."
    elif open_ones:
        yield f"It has not ended yet: it waits for {_names(open_ones)}."
    else:
        yield "It has not ended yet: it waits for its body."


def _names(names: list[str]) -> str:
    shown = ", ".join(short(each) for each in names[:_NAMED_MAX])
    more = len(names) - _NAMED_MAX
    return f"{shown} and {more} more" if more > 0 else shown


_PARTS: Final = (
    *(_beginning, _turning_away, _asking_alone, _asking, _telling, _stopping),
    *(_ending, _turning_away_since),
)
