"""`python -m benchmarks`: run them, print the table, keep the JSON, write the page."""

import argparse
import asyncio
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from benchmarks.cases import (
    executors,
    failover,
    faust_path,
    growth,
    http,
    infrastructure,
    interrupt,
    large_flow,
    projection,
    replay,
    restore,
    throughput,
    told,
    transactions,
    transition,
)
from benchmarks.page import write_page
from benchmarks.place import Place, open_place
from benchmarks.report import print_rows
from benchmarks.rows import Row, read_report, write_report
from benchmarks.warmup import warm_up
from rescind.errors import RescindError
from rescind.logs import configure_logging

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "performance.md"

Benchmark = Callable[[Place], Awaitable[list[Row]]]

# In the order of the page: what it costs, what comes of that, and what stands beside it.
BENCHMARKS: dict[str, Benchmark] = {
    "transition": transition.run,
    "transactions": transactions.run,
    "throughput": throughput.run,
    "told": told.run,
    "settlement": told.run,
    "interrupt": interrupt.run,
    "executors": executors.run,
    "infrastructure": infrastructure.run,
    "large_flow": large_flow.run,
    "failover": failover.run,
    "restore": restore.run,
    "replay": replay.run,
    "projection": projection.run,
    "http": http.run,
    "growth": growth.run,
    "faust_path": faust_path.run,
}


def main() -> int:
    """The exit code of the process: 0 also when a target is missed, since machines differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes: a look, no figures")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of all chance")
    parser.add_argument(
        "--json", type=Path, metavar="DIR", default=ROOT / ".cache" / "benchmarks",
        help="where the JSON goes (default: .cache/benchmarks)",
    )  # fmt: skip
    parser.add_argument(
        "--docs",
        type=Path,
        metavar="FILE",
        nargs="+",
        help="measure nothing: put what these runs measured in the page",
    )
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"expected names out of {', '.join(BENCHMARKS)}, but got {', '.join(unknown)}")
    if arguments.docs is not None:
        return _docs(arguments.docs)
    return _measure(arguments.names, arguments.seed, arguments.json, quick=arguments.quick)


def _measure(names: list[str], seed: int, folder: Path, *, quick: bool) -> int:
    configure_logging("ERROR")
    # A log has no width of its own.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.0f} s  {what}[/]", highlight=False)

    # Two names may be of one benchmark: what it measures is measured once.
    wanted = dict.fromkeys(BENCHMARKS[name] for name in names or BENCHMARKS)
    rows: list[Row] = []
    try:
        with open_place(quick=quick, seed=seed, say=say) as place:
            if place.broker_pid is not None and wanted.keys() - {transition.run}:
                asyncio.run(warm_up(place))
            for benchmark in wanted:
                rows += asyncio.run(_as_coroutine(benchmark, place))
    except RescindError as error:
        console.print(f"[red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        console.print("[yellow]interrupted; what was started has been ended[/]")
        return 130
    print_rows(rows, console)
    path = write_report(rows, folder, seed=seed, quick=quick)
    console.print(f"seed {seed}; written to {path}", highlight=False)
    return 0


async def _as_coroutine(benchmark: Benchmark, place: Place) -> list[Row]:
    return await benchmark(place)


def _docs(files: list[Path]) -> int:
    try:
        write_page([read_report(file) for file in files], list(BENCHMARKS), PAGE)
    except (OSError, ValueError, TypeError, KeyError) as error:
        print(f"expected files of earlier runs, but got: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
