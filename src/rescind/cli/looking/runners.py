"""`rescind runners`."""

import time
from typing import Any

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.reading.runners import KnownRunner, read_runners
from rescind.cli.session import open_session
from rescind.events.moments import moment_to_text
from rescind.events.words import RunnerCapabilities
from rescind.telling.words import plain, when

__all__ = ["list_runners"]


async def list_runners(*, every: bool, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    known = await read_runners(session)
    shown = [runner for runner in known if every or not runner.is_gone]
    now_ms = round(time.time() * 1000)
    lost_after_ms = round(session.settings.lost_after_seconds * 1000)
    if as_json:
        output.document([_document(runner) for runner in shown])
    elif shown:
        table = columns(("STATE", "RUNNER", "POOL", "CAN", "LAST HEARD"))
        for runner in shown:
            heard_ms = runner.heard_ms
            is_silent = heard_ms is not None and now_ms - heard_ms > lost_after_ms
            table.add_row(
                "Silent" if is_silent and not runner.is_gone else ", ".join(runner.states),
                plain(runner.runner_id),
                plain(runner.pool) or "-",
                _can(runner.capabilities),
                "not lately" if heard_ms is None else when(heard_ms, now_ms),
            )
        output.show(table)
    else:
        output.say("No runner is registered. One registers with the first flow run it serves.")
    if gone := len(known) - len(shown):
        output.say(f"{gone} that are gone: --all shows them.", "dim")
    return Exit.OK


def _can(can: RunnerCapabilities | None) -> str:
    if can is None:
        return "has not said"
    words = [
        word
        for word, is_so in (
            ("interrupts", can.can_interrupt),
            ("kills", can.can_kill),
            ("tears down", can.can_tear_down),
            ("may exit", can.may_exit),
        )
        if is_so
    ]
    said = f"{plain(can.executor)}: {', '.join(words) or 'waits for what runs'}"
    return f"{said}; may survive: {plain(can.survivors)}" if can.survivors else said


def _document(runner: KnownRunner) -> dict[str, Any]:
    can = runner.capabilities
    return {
        "runner_id": runner.runner_id,
        "states": runner.states,
        "since": moment_to_text(runner.since_ms),
        "pool": runner.pool,
        "capabilities": None if can is None else can.model_dump(mode="json"),
        "handle": runner.kind or None,
        "last_heard_at": None if runner.heard_ms is None else moment_to_text(runner.heard_ms),
    }
