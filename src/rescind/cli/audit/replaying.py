"""`rescind audit replay FILE`: an exported journal, folded and checked where there is no Kafka."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import orjson
import typer

from rescind.cli.audit.partition import Audited
from rescind.cli.audit.verdict import Verdict, print_verdict
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.errors import JournalError
from rescind.events.journal import Entry

if TYPE_CHECKING:
    # The state machine needs an extra; whoever only asks and looks does without.
    from rescind.statemachine.audit import Auditor

__all__ = ["replay_export"]


class _Line(NamedTuple):
    """One record of an export: where it lies, and its value or why that is no entry."""

    partition: int
    offset: int
    value: bytes
    error: str


def replay_export(file: Path, *, as_json: bool) -> Exit:
    """``-`` is stdin. Raises `typer.BadParameter` if it is no export."""
    from rescind.statemachine.audit import Auditor

    output = Output(as_json=as_json)
    began = time.perf_counter()
    auditors: dict[int, Auditor] = {}
    stopped: dict[int, str] = {}
    with _opened(file) as lines:
        for line in _read(lines, file):
            if line.partition not in stopped:
                auditor = auditors.setdefault(line.partition, Auditor(line.partition))
                if why := _see(auditor, line):
                    stopped[line.partition] = why
    audited = [
        Audited(
            number,
            auditor.entries,
            auditor.findings(at_end=number not in stopped),
            stopped.get(number, ""),
        )
        for number, auditor in sorted(auditors.items())
    ]
    verdict = Verdict(audited, time.perf_counter() - began, with_states=False)
    states = {flow.flow_run_id: flow.state for each in auditors.values() for flow in each.flows()}
    if as_json:
        output.document(verdict.to_dict() | {"flow_runs": states})
    else:
        print_verdict(verdict, output)
        for state, count in sorted(Counter(states.values()).items()):
            output.show(f"{count:>8} {state}")
    return Exit.OK if verdict.is_whole else Exit.FINDINGS


def _see(auditor: "Auditor", line: _Line) -> str:
    """Show the auditor an entry; why it could not be read, or nothing."""
    why = line.error
    if not why:
        try:
            auditor.see(line.offset, Entry.from_json(line.value))
        except JournalError as error:
            why = str(error)
    return why and f"partition {line.partition}, offset {line.offset}: {why}"


def _opened(file: Path) -> AbstractContextManager[IO[bytes]]:
    if str(file) == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(
            f"expected FILE to be what `rescind journal export` has written, but {error.strerror}"
        ) from None


def _read(lines: IO[bytes], file: Path) -> Iterator[_Line]:
    for number, text in enumerate(lines, 1):
        try:
            body: dict[str, Any] = orjson.loads(text)
            place = body.pop("place")
            partition, offset = int(place["partition"]), int(place["offset"])
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError):
            raise typer.BadParameter(
                f"expected line {number} of {file} to be a record that `rescind journal export` "
                "has written, but it is none"
            ) from None
        yield _Line(partition, offset, orjson.dumps(body), str(body.get("error", "")))
