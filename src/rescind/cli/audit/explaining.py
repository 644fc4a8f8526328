"""`rescind audit explain ID`: the story of one flow run in sentences, from the journal alone."""

from rescind.cli.exits import Exit
from rescind.cli.printing.explaining import explain
from rescind.cli.printing.output import Output
from rescind.cli.reading.armed import find_flow_or_armed
from rescind.cli.reading.journal import Placed, belongs_to, entries_of
from rescind.cli.session import open_session
from rescind.events.states import FlowState
from rescind.telling.words import counted, plain

__all__ = ["explain_flow"]


async def explain_flow(wanted: str, *, as_json: bool) -> Exit:
    """Raises `UnknownRunError` or `AmbiguousIdError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    run = await find_flow_or_armed(session, wanted)
    since_ms = run.registered_at if isinstance(run, FlowState) else run.at_ms
    found, _ = await entries_of(session, run.flow_run_id, since_ms)
    known = [placed.entry for placed in found if placed.entry is not None]
    sentences = explain(entry for entry in known if belongs_to(entry, run.flow_run_id))
    unreadable = [placed for placed in found if placed.entry is None]
    if as_json:
        output.document(
            {
                "flow_run_id": run.flow_run_id,
                "sentences": sentences,
                "proof": _place(found) | {"unreadable": len(unreadable)},
            }
        )
        return Exit.OK
    for sentence in sentences:
        output.show(sentence)
    for placed in unreadable:
        output.complain(f"offset {placed.record.offset}: {placed.error}")
    output.say(_proof(run.flow_run_id, found), "dim")
    return Exit.OK


def _place(found: list[Placed]) -> dict[str, int | None]:
    """Where the entries lie, so that somebody else can read the same."""
    first, last = (found[0].record, found[-1].record) if found else (None, None)
    return {
        "partition": None if first is None else first.partition,
        "first_offset": None if first is None else first.offset,
        "last_offset": None if last is None else last.offset,
        "events": len(found),
    }


def _proof(flow_run_id: str, found: list[Placed]) -> str:
    if not found:
        return "The journal keeps none of its events any more."
    place = _place(found)
    return (
        f"From {counted(len(found), 'event')} in partition {place['partition']} of the journal, "
        f"offsets {place['first_offset']} to {place['last_offset']}: "
        f"`rescind journal tail --flow {plain(flow_run_id)}` shows them, "
        f"`rescind audit verify --partition {place['partition']}` checks them."
    )
