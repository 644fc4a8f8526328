"""`rescind journal export`: all of the journal as lines of JSON, to be kept or shown elsewhere.

A line is a record as it is, with its place. Those of a partition are in its order; partitions are
mixed. What is no entry of a journal is there as well, with the reason and its bytes.
"""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from rescind.cli.exits import Exit
from rescind.cli.looking.journal import as_written
from rescind.cli.printing.output import Output
from rescind.cli.reading.journal import Placed
from rescind.cli.session import open_session
from rescind.kafka.reading.snapshots import read_all
from rescind.kafka.reading.visits import Visit
from rescind.telling.words import counted

__all__ = ["export_journal"]


async def export_journal(file: Path | None) -> Exit:
    """Write it to a file, which is there whole or not at all, or (None) to stdout."""
    output = Output()
    session = await open_session()
    topic = session.names.journal
    async with Visit(session.connection) as visit:
        first, last = await visit.starts(topic), await visit.ends(topic)
    offsets = sum(last[number] - first[number] for number in last)
    count = unreadable = 0
    with _opened(file) as write, _bar(output, shown=file is not None) as bar:
        task = bar.add_task("Exporting the journal", total=offsets)
        async for records in read_all(session.connection, topic, first):
            for placed in map(Placed, records):
                write(orjson.dumps(as_written(placed)).decode() + "\n")
                unreadable += placed.error is not None
            count += len(records)
            bar.update(task, completed=count)
    output.say(f"{counted(count, 'record')} of {counted(len(last), 'partition')}.", "dim")
    if unreadable:
        output.complain(f"{counted(unreadable, 'record')} cannot be read; they are exported too")
    return Exit.OK


@contextmanager
def _opened(file: Path | None) -> Generator[Callable[[str], object]]:
    if file is None:
        yield sys.stdout.write
        sys.stdout.flush()
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("w", encoding="utf-8") as out:
            yield out.write
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise typer.BadParameter(
            f"expected --output to be a file that can be written, but {error.strerror}: {file}"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _bar(output: Output, *, shown: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=output.err,
        transient=True,
        disable=not shown or not output.err.is_terminal,
    )
