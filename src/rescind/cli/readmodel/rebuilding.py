"""`rescind read-model rebuild`: shows how far it is, and in the end what was built."""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.readmodel.database import database_of
from rescind.cli.session import open_session
from rescind.server.readmodel import rebuilding
from rescind.server.readmodel.standing import standings
from rescind.server.readmodel.storage.database import Database
from rescind.server.readmodel.surveying import count_known_flows
from rescind.telling.words import counted, duration

__all__ = ["build_anew"]

_LINE_SECONDS: Final = 10.0


async def build_anew(*, as_json: bool) -> Exit:
    """Raises what `rebuild` and `database_of` do."""
    output = Output(as_json=as_json)
    session = await open_session()
    async with database_of(session) as database:
        before = await asyncio.to_thread(database.serving)
        began = time.monotonic()
        with _Shown(output, before) as shown:
            number = await rebuilding.rebuild(
                session.connection, session.names.journal, database, shown.tell
            )
        _say(output, await asyncio.to_thread(_built, database, number, before, began))
    return Exit.OK


def _built(database: Database, number: int, before: int, began: float) -> dict[str, int | float]:
    known = database.ask(standings)
    return {
        "number": number,
        "instead_of": before,
        "partitions": len(known),
        "events": sum(at.events for at in known.values()),
        "flow_runs": count_known_flows(database),
        "seconds": round(time.monotonic() - began, 3),
    }


def _say(output: Output, built: dict[str, int | float]) -> None:
    if output.as_json:
        output.document(built)
    events, flows = int(built["events"]), int(built["flow_runs"])
    output.show(
        f"read model {built['number']} serves now, instead of {built['instead_of']}: "
        f"{counted(events, 'event')} of {counted(int(built['partitions']), 'partition')}, "
        f"{counted(flows, 'flow run')}, built in {duration(1000 * built['seconds'])}"
    )


class _Shown:
    """A bar at a terminal; elsewhere a line now and then, for whoever reads that later."""

    def __init__(self, output: Output, before: int) -> None:
        self._output = output
        self._before = before
        self._starts: dict[int, int] = {}
        self._said_at: float | None = None
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=output.err,
            transient=True,
            disable=not output.err.is_terminal,
        )
        self._task = self._bar.add_task("Reading the journal", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()
        if error is not None:
            self._output.say("`rescind read-model status` says which one serves.", "dim")

    def tell(self, progress: rebuilding.Progress) -> None:
        self._starts = self._starts or dict(progress.positions)
        first = sum(self._starts.values())
        done = sum(progress.positions.values()) - first
        total = sum(progress.ends.values()) - first
        self._bar.update(self._task, completed=done, total=total)
        now = time.monotonic()
        if self._said_at is None:
            says = f"Building read model {progress.number}; {self._before} serves meanwhile."
            self._output.say(says, "dim")
        elif not self._output.err.is_terminal and now - self._said_at > _LINE_SECONDS:
            self._output.say(f"{done} of {total} offsets are read.", "dim")
        else:
            return
        self._said_at = now
