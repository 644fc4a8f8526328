"""`rescind hooks ls`."""

from typing import Any

from rescind.cli.exits import Exit
from rescind.cli.hooks.finding import known_hooks
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import Session, open_session
from rescind.kafka.reading.keeping import kept_positions
from rescind.kafka.reading.visits import Visit
from rescind.settings.hooks import Hook
from rescind.telling.words import plain

__all__ = ["list_hooks"]


async def list_hooks(*, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    hooks = known_hooks(session.settings)
    async with Visit(session.connection) as visit:
        ends = await visit.ends(session.names.cancellations)
    rows = [await _row(session, name, hook, ends) for name, hook in sorted(hooks.items())]
    if as_json:
        output.document(rows)
        return Exit.OK
    if not rows:
        output.say("There is no hook: a table [hooks.NAME] in rescind.toml makes one.")
        return Exit.OK
    table = columns(("HOOK", "WHERE", "IS TOLD", "ONLY OF", "STANDS"))
    for row in rows:
        told = ", ".join(kind.partition(".")[2] for kind in row["events"])
        table.add_row(row["name"], row["place"], told, plain(_only(row)), _stands(row))
    output.show(table)
    return Exit.OK


async def _row(session: Session, name: str, hook: Hook, ends: dict[int, int]) -> dict[str, Any]:
    topic = session.names.cancellations
    kept = await kept_positions(session.connection, session.names.hook_group(name), topic, ends)
    behind = sum(max(end - kept[p][0], 0) for p, end in ends.items() if p in kept)
    return {
        "name": name,
        "place": hook.place,
        "enabled": hook.enabled,
        "events": [kind.value for kind in hook.events],
        "namespaces": list(hook.namespaces),
        "labels": hook.labels,
        "timeout_seconds": hook.timeout_seconds,
        "retry_seconds": hook.retry_seconds,
        "has_begun": len(kept) == len(ends),
        "records_behind": behind,
    }


def _only(row: dict[str, Any]) -> str:
    labels = [f"{key}={value}" for key, value in row["labels"].items()]
    return ", ".join([*row["namespaces"], *labels])


def _stands(row: dict[str, Any]) -> str:
    """Records are no events: most are of no interest to a hook, and markers are among them."""
    if not row["enabled"]:
        return "not enabled"
    if not row["has_begun"]:
        return "has not begun: no `rescind agents` runs with it"
    behind = row["records_behind"]
    return f"something is open, up to {behind} records back" if behind else "has taken everything"
