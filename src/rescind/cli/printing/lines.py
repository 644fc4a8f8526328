"""Entries of the journal as lines at a terminal: when, of what, and `tell`'s words."""

from typing import Final

from rich.text import Text

from rescind.events.journal import (
    Entry,
    FlowCancelled,
    FlowFailed,
    FlowSucceeded,
    RequestRefused,
    TaskCancelled,
    TaskRegistered,
    TaskStarted,
)
from rescind.events.words import How, StreamKind
from rescind.telling.story import style_of, tell
from rescind.telling.words import clock, plain, short

__all__ = ["is_end", "is_news", "journal_line", "story_line"]

# Said once, in the account, however many there are.
_SWEPT: Final = frozenset({How.NEVER_STARTED, How.NOT_RETRIED})

_ELAPSED_COLUMNS: Final = 11


def is_news(entry: Entry) -> bool:
    """Whether a watcher wants a line of it: not of each task run that is made or never starts."""
    event = entry.event
    if isinstance(event, TaskRegistered | TaskStarted | RequestRefused):
        return False
    if isinstance(event, TaskCancelled) and event.how in _SWEPT:
        return event.terms is not None
    return True


def is_end(entry: Entry) -> bool:
    """Whether a flow run ended by it."""
    return isinstance(entry.event, FlowCancelled | FlowFailed | FlowSucceeded)


def story_line(entry: Entry, asked_ms: int | None) -> Text:
    """A line in the story of one flow run; times since the cancel was asked, if it was."""
    line = Text.assemble((clock(entry.at_ms), "dim"))
    line.append(_since(entry.at_ms, asked_ms).rjust(_ELAPSED_COLUMNS))
    if (subject := _task(entry)) is not None:
        line.append(f"  {subject}", style="bold")
    line.append(f"  {tell(entry)}", style=style_of(entry.event))
    return line


def journal_line(entry: Entry) -> Text:
    """A line of the journal: with the stream, the type and the version in front."""
    line = Text.assemble((clock(entry.at_ms), "dim"))
    line.append(f"  {_stream(entry)}", style="bold")
    line.append(f"  {entry.event.type}", style=style_of(entry.event))
    line.append(f"  {tell(entry)}")
    return line


def _since(at_ms: int, asked_ms: int | None) -> str:
    if asked_ms is None or at_ms < asked_ms:
        return ""
    return f"+{(at_ms - asked_ms) / 1000:.3f} s"


def _task(entry: Entry) -> str | None:
    if entry.task_run_id is None:
        return None
    again = f" (try {entry.attempt})" if (entry.attempt or 1) > 1 else ""
    return f"{plain(entry.task_run_id)}{again}"


def _stream(entry: Entry) -> str:
    match entry.stream_kind:
        case StreamKind.FLOW:
            task = _task(entry)
            stream = plain(entry.stream_id)
            return stream if task is None else f"{stream}/{task}"
        case StreamKind.RUNNER:
            return f"runner {short(entry.stream_id)}"
        case StreamKind.BULK:
            return f"bulk {plain(entry.stream_id)}"
        case StreamKind.PARTITION:
            return f"partition {plain(entry.stream_id)}"
