"""`rescind watch ID`: one flow run as it goes on, until it ends.

At a terminal, a picture that is drawn again: the state with its clocks counting down, how many
task runs are where, the last lines of the story. Else, the lines of the story as they come.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

import orjson
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.lines import is_end, is_news, story_line
from rescind.cli.printing.output import Output, terminal_rows
from rescind.cli.printing.runs import flow_details, state_text
from rescind.cli.reading.finding import find_flow
from rescind.cli.reading.journal import follow_flow
from rescind.cli.reading.states import partition_of_stream, read_state
from rescind.cli.session import Session, open_session
from rescind.events.journal import Entry, FlowCancelling
from rescind.events.states import FlowState, TaskState
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import starts
from rescind.kafka.records import Record

__all__ = ["View", "watch_flow"]

_STORY_LINES_MAX: Final = 500
_HEADER_ROWS: Final = 16
_FRAMES_A_SECOND: Final = 8


class View:
    """What is known of the flow run by now. A state that cannot be read is passed over."""

    def __init__(self, flow: FlowState) -> None:
        self.flow = flow
        self.tasks: dict[str, str] = {}
        self.story: deque[Entry] = deque(maxlen=_STORY_LINES_MAX)
        self.asked_ms: int | None = None
        self.has_ended = False
        """Whether the story has come to its end."""
        self._is_behind = False

    @property
    def is_over(self) -> bool:
        """Whether the end has come, in the story and in the last state that can be read."""
        return self.has_ended and (self.flow.is_finished or self._is_behind)

    def hear(self, entry: Entry) -> None:
        self.has_ended = self.has_ended or is_end(entry)
        if isinstance(entry.event, FlowCancelling):
            self.asked_ms = entry.at_ms
        if is_news(entry):
            self.story.append(entry)

    def see_flow(self, record: Record) -> None:
        if record.value is not None and record.key == self.flow.flow_run_id.encode():
            flow = read_state(FlowState, record.value)
            self._is_behind = flow is None
            self.flow = flow or self.flow

    def see_task(self, record: Record) -> None:
        key = (record.key or b"").decode(errors="replace")
        if not key.startswith(f"{self.flow.flow_run_id}/") or record.value is None:
            return
        if (task := read_state(TaskState, record.value)) is not None:
            self.tasks[task.task_run_id] = task.state


async def watch_flow(wanted: str, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    view = View(await find_flow(session, wanted))
    if as_json or not output.out.is_terminal:
        await _print_lines(session, view, output)
    else:
        await _draw(session, view, output)
    return Exit.OK


async def _print_lines(session: Session, view: View, output: Output) -> None:
    async with aclosing(follow_flow(session, view.flow)) as story:
        async for entries in story:
            for entry in entries:
                view.hear(entry)
                if output.as_json:
                    output.json_line(orjson.loads(entry.to_json()))
                elif is_news(entry):
                    output.show(story_line(entry, view.asked_ms))
            if view.has_ended:
                return


async def _draw(session: Session, view: View, output: Output) -> None:
    async with asyncio.TaskGroup() as group:
        following = [
            group.create_task(_follow_states(session, view)),
            group.create_task(_follow_tasks(session, view)),
            group.create_task(_follow_story(session, view)),
        ]
        with Live(console=output.out, auto_refresh=False, transient=True) as live:
            while not view.is_over:
                live.update(_picture(view, terminal_rows()), refresh=True)
                await asyncio.sleep(1 / _FRAMES_A_SECOND)
        for task in following:
            task.cancel()
    output.show(_picture(view, _STORY_LINES_MAX))


def _picture(view: View, rows: int) -> RenderableType:
    now_ms = round(time.time() * 1000)
    counts = Counter(view.tasks.values())
    where = Text.assemble(f"{len(view.tasks)} task runs  ")
    for state, count in sorted(counts.items()):
        where.append(f"{count} ").append_text(state_text(state)).append("  ")
    lines = [story_line(entry, view.asked_ms) for entry in view.story]
    return Group(
        flow_details(view.flow, now_ms),
        Text(),
        where,
        Text(),
        *lines[-max(3, rows - _HEADER_ROWS) :],
    )


async def _follow_story(session: Session, view: View) -> None:
    async with aclosing(follow_flow(session, view.flow)) as story:
        async for entries in story:
            for entry in entries:
                view.hear(entry)


async def _follow_states(session: Session, view: View) -> None:
    async for record in _records(session, session.names.flow_states, view):
        view.see_flow(record)


async def _follow_tasks(session: Session, view: View) -> None:
    async for record in _records(session, session.names.task_states, view):
        view.see_task(record)


async def _records(session: Session, topic: str, view: View) -> AsyncIterator[Record]:
    partition = await partition_of_stream(session, view.flow.flow_run_id)
    first = (await starts(session.connection, topic))[partition]
    async with TopicFollower(session.connection, topic, {partition: first}) as follower:
        async for records in follower.follow():
            for record in records:
                yield record
