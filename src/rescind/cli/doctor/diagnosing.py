"""`rescind doctor`: every check in the order in which one depends on the other."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from rescind.cli.doctor.check import Check, Verdict, fail, ok, warn
from rescind.cli.doctor.clock import check_clocks
from rescind.cli.doctor.held_up import check_lanes_flow
from rescind.cli.doctor.probe import check_answers
from rescind.cli.doctor.runs import check_runs
from rescind.cli.doctor.server import check_server
from rescind.cli.doctor.services import check_services
from rescind.cli.doctor.versions import check_versions
from rescind.cli.exits import Exit, exit_of
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import Session, open_session
from rescind.errors import BrokerError
from rescind.kafka.topics import check_topics, topic_specs
from rescind.settings import load_settings, unknown_variables
from rescind.telling.words import plain

__all__ = ["diagnose"]

_CHARACTERS_MAX: Final = 2_000
_STYLES: Final = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.FAIL: "bold red"}


async def diagnose(*, probe: bool, server: str | None, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    try:
        # Variables that change nothing are a finding among the others here.
        session = await open_session(load_settings())
    except BrokerError as error:
        # Without a broker nothing else can be looked at; its own words say what to do.
        _print([*_check_variables(), fail("kafka", str(error), "")], output)
        return exit_of(error)
    checks = [*_check_variables(), *await _check(session, probe=probe, server=server)]
    _print(checks, output)
    failed = any(check.verdict is Verdict.FAIL for check in checks)
    return Exit.REFUSED if failed else Exit.OK


async def _check(session: Session, *, probe: bool, server: str | None) -> list[Check]:
    checks = [ok("kafka", f"{session.release} answers at {session.connection.bootstrap}")]
    checks += check_versions(session.release)
    differences = await check_topics(session.connection, topic_specs(session.names))
    if any("is missing" in sentence for sentence in differences):
        missing = sum("is missing" in sentence for sentence in differences)
        says = f"{missing} are missing under the prefix {session.names.prefix!r}"
        return [*checks, fail("topics", says, "run `rescind topics create`, or `rescind up`")]
    checks += [_difference(sentence) for sentence in differences] or [
        ok("topics", "all are as they must be")
    ]
    checks += await check_services(session)
    checks.append(await check_server(session, server))
    checks.append(await check_lanes_flow(session))
    checks += await check_runs(session)
    checks += await check_clocks(session)
    if probe:
        checks += await check_answers(session)
    return checks


def _check_variables() -> list[Check]:
    remedy = "correct the name, or unset it; rescind.toml refuses such a name"
    return [warn("settings", sentence, remedy) for sentence in unknown_variables()]


def _difference(sentence: str) -> Check:
    says, _, remedy = sentence.partition(": ")
    return fail("topics", says, remedy)


def _print(checks: Sequence[Check], output: Output) -> None:
    if output.as_json:
        output.document([check.to_dict() for check in checks])
        return
    table = columns(("", "CHECK", "FOUND"))
    for check in checks:
        found = Text(plain(check.says, _CHARACTERS_MAX))
        if check.remedy:
            found.append(f"\n→ {plain(check.remedy, _CHARACTERS_MAX)}", style="bold")
        table.add_row(Text(check.verdict.value, style=_STYLES[check.verdict]), check.name, found)
    output.show(table)
