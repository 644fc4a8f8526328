"""The lines for events of bulk cancellations; `story` has the rest and the rule."""

from typing import assert_never

from rescind.events.bulk import BulkTally, FlowPredicate
from rescind.events.journal import (
    BulkCompleted,
    BulkCounted,
    BulkCreated,
    BulkForgotten,
    BulkPaused,
    BulkProgressed,
    BulkResumed,
    BulkStarted,
    BulkStopped,
)
from rescind.events.words import Actor
from rescind.telling.words import actor, counted, plain, quoted

__all__ = ["BULK_EVENTS", "predicate_in_words", "tally_in_words", "tell_bulk"]

BULK_EVENTS = (
    BulkCreated
    | BulkCounted
    | BulkStarted
    | BulkPaused
    | BulkResumed
    | BulkProgressed
    | BulkStopped
    | BulkCompleted
    | BulkForgotten
)


def tell_bulk(event: BULK_EVENTS, who: Actor | None) -> str:
    match event:
        case BulkCreated():
            reason = f": {quoted(event.reason)}" if event.reason else ""
            return f"described by {actor(who)}{reason}; {predicate_in_words(event.where)}"
        case BulkCounted():
            return f"means {counted(event.count, 'flow run')}"
        case BulkStarted():
            return f"started by {actor(who)}"
        case BulkPaused():
            return f"paused by {actor(who)}"
        case BulkResumed():
            return f"resumed by {actor(who)}"
        case BulkProgressed():
            refused = sum(item.code is not None for item in event.items)
            return f"{counted(len(event.items), 'flow run')} asked, {refused} refused"
        case BulkStopped():
            return f"stopped by {actor(who)}"
        case BulkCompleted():
            return f"completed: {tally_in_words(event.tally)}"
        case BulkForgotten():
            return "forgotten: its id is unknown from now on"
    assert_never(event)


def predicate_in_words(where: FlowPredicate) -> str:
    """``name load or dump, label team=etl``, or that it means all."""
    said = [
        *(f"label {plain(key)}={plain(value)}" for key, value in where.labels.items()),
        *(
            f"{what} {' or '.join(map(plain, choices))}"
            for what, choices in (
                ("name", where.names),
                ("namespace", where.namespaces),
                ("state", where.states),
                ("parent", () if where.parent is None else (where.parent,)),
            )
            if choices
        ),
    ]
    return ", ".join(said) or "every flow run that is open"


def tally_in_words(tally: BulkTally) -> str:
    """``12 flow runs asked; refused: 2 already_finished``."""
    refused = ", ".join(f"{count} {code}" for code, count in tally.refused.items())
    return f"{counted(tally.asked, 'flow run')} asked" + (
        f"; refused: {refused}" if refused else ""
    )
