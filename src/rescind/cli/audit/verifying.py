"""`rescind audit verify`: every partition of the journal, to its end as of now."""

import asyncio
import gc
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from rescind.cli.audit.partition import Audited, audit_partition
from rescind.cli.audit.sharing import WORTH_IT, audit_elsewhere, processors
from rescind.cli.audit.verdict import Verdict, print_verdict
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, open_session
from rescind.kafka.reading.visits import Visit

__all__ = ["verify", "verify_journal"]

# What is open in a partition is in memory while it is read; waiting for Kafka overlaps.
_AT_ONCE: Final = 4


async def verify_journal(partitions: list[int] | None, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    with _fewer_collections():
        verdict = await verify(session, partitions, output)
    if as_json:
        output.document(verdict.to_dict())
    else:
        print_verdict(verdict, output)
    return Exit.OK if verdict.is_whole else Exit.FINDINGS


@contextmanager
def _fewer_collections() -> Generator[None]:
    """What is folded is kept: looking through it for cycles again and again took a quarter.

    Measured for 84,000 events: 5.2 s of the processor, and 3.9 s without any collection.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 100, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def verify(session: Session, partitions: list[int] | None, output: Output) -> Verdict:
    """Audit these partitions (None: all) to their ends as of now, with a bar at a terminal.

    Raises `typer.BadParameter` if the journal has no such partition.
    """
    topic = session.names.journal
    async with Visit(session.connection) as visit:
        first, last = await visit.starts(topic), await visit.ends(topic)
    chosen = sorted(last) if partitions is None else sorted(set(partitions))
    if missing := [number for number in chosen if number not in last]:
        raise typer.BadParameter(
            f"expected --partition to be one of the journal's, 0 to {len(last) - 1}, "
            f"but got {missing[0]}"
        )
    sizes = {number: last[number] - first[number] for number in chosen}
    is_large = len(chosen) > 1 and processors() > 1 and sum(sizes.values()) > WORTH_IT
    turns = asyncio.Semaphore(processors() if is_large else _AT_ONCE)
    began = time.perf_counter()
    with _bar(output) as bar:
        advance = partial(
            bar.advance, bar.add_task("Reading the journal", total=sum(sizes.values()))
        )

        async def audit(number: int) -> Audited:
            async with turns:
                if is_large and (audited := await audit_elsewhere(number)) is not None:
                    advance(sizes[number])
                    return audited
                return await _audit_here(session, number, first[number], advance)

        audited = await asyncio.gather(*[audit(number) for number in chosen])
    return Verdict(audited, time.perf_counter() - began)


async def _audit_here(
    session: Session, number: int, first: int, advance: Callable[[int], None]
) -> Audited:
    return await audit_partition(session.connection, session.names, number, first, advance)


def _bar(output: Output) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=output.err,
        transient=True,
        disable=output.as_json or not output.err.is_terminal,
    )
