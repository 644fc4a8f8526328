"""`rescind audit verify`: every partition of the journal, and what was found."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from rescind.cli.audit.partition import Audited, audit_partition
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.printing.words import counted, plain
from rescind.cli.session import Session, open_session
from rescind.errors import TopicsError
from rescind.kafka.readers import ends, starts
from rescind.statemachine.audit import invariant_of

__all__ = ["Verdict", "verify", "verify_journal"]

# What is open in a partition is in memory while it is read; waiting for Kafka overlaps.
_AT_ONCE: Final = 4
_CHARACTERS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an audit."""

    partitions: Sequence[Audited]
    seconds: float

    @property
    def entries(self) -> int:
        return sum(audited.entries for audited in self.partitions)

    @property
    def is_whole(self) -> bool:
        return not any(audited.findings or audited.stopped for audited in self.partitions)

    def to_dict(self) -> dict[str, object]:
        return {
            "whole": self.is_whole,
            "events": self.entries,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.entries / self.seconds) if self.seconds else 0,
            "partitions": {audited.partition: audited.entries for audited in self.partitions},
            "unreadable": {a.partition: a.stopped for a in self.partitions if a.stopped},
            "findings": [
                {
                    "partition": audited.partition,
                    "invariant": invariant_of(finding.code),
                    "code": finding.code.value,
                    "where": finding.where,
                    "message": finding.message,
                }
                for audited in self.partitions
                for finding in audited.findings
            ],
        }


async def verify_journal(partitions: list[int] | None, *, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    verdict = await verify(session, partitions, output)
    if as_json:
        output.document(verdict.to_dict())
    else:
        _print(verdict, output)
    return Exit.OK if verdict.is_whole else Exit.FINDINGS


async def verify(session: Session, partitions: list[int] | None, output: Output) -> Verdict:
    """Audit these partitions (None: all) to their ends as of now, with a bar at a terminal."""
    names = session.names
    first = await starts(session.connection, names.journal)
    last = await ends(session.connection, names.journal)
    chosen = sorted(last) if partitions is None else sorted(set(partitions))
    if missing := [number for number in chosen if number not in last]:
        raise TopicsError([f"{names.journal} has no partition {missing[0]}, only {len(last)}"])
    began = time.perf_counter()
    with _bar(output) as bar:
        total = sum(last[number] - first[number] for number in chosen)
        task = bar.add_task("Reading the journal", total=total)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def audit(number: int) -> Audited:
            advance = partial(bar.advance, task)
            async with turns:
                return await audit_partition(
                    session.connection, names, number, first[number], advance
                )

        audited = await asyncio.gather(*[audit(number) for number in chosen])
    return Verdict(audited, time.perf_counter() - began)


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


def _print(verdict: Verdict, output: Output) -> None:
    for audited in verdict.partitions:
        for finding in audited.findings:
            number = invariant_of(finding.code)
            where = f"partition {audited.partition}, {finding.where}: "
            line = Text.assemble(
                (plain(where), "bold"), (plain(finding.message, _CHARACTERS_MAX), "red")
            )
            line.append(f" ({finding.code.value}" + (f", invariant {number})" if number else ")"))
            output.show(line)
        if audited.stopped:
            output.show(
                Text(
                    f"not read further: {plain(audited.stopped, _CHARACTERS_MAX)}", style="bold red"
                )
            )
    rate = verdict.entries / verdict.seconds if verdict.seconds else 0.0
    read = (
        f"{counted(verdict.entries, 'event')} of {counted(len(verdict.partitions), 'partition')} "
        f"in {verdict.seconds:.1f} s ({rate:,.0f} a second)"
    )
    if verdict.is_whole:
        output.show(Text.assemble(("whole ", "bold green"), f"{read}: all six invariants hold"))
        return
    count = sum(len(audited.findings) for audited in verdict.partitions)
    stopped = sum(bool(audited.stopped) for audited in verdict.partitions)
    unread = f", {counted(stopped, 'partition')} unreadable" if stopped else ""
    output.show(
        Text.assemble(("broken ", "bold red"), f"{read}: {counted(count, 'finding')}{unread}")
    )
