"""What a hook has not taken, as a dead letter: its body, and which hook it was for."""

from typing import Final

from rescind.kafka.records import Headers, OutRecord, Record
from rescind.kafka.topics import TopicNames
from rescind.processors.hooking.notices import Notice
from rescind.processors.hooking.tries import Try
from rescind.processors.lifecycle.dead_letters import dead_letter

__all__ = ["HOOK_HEADER", "NOT_TAKEN", "hook_letter", "hook_of"]

HOOK_HEADER: Final = "rescind-hook"
NOT_TAKEN: Final = "not_taken"
"""The code of such a dead letter. It is no refusal of a request, so it is none of those."""


def hook_letter(
    name: str, notice: Notice, answer: Try, tries: int, topics: TopicNames
) -> OutRecord:
    """The record for the topic of dead letters."""
    event = notice.event
    lay = Record(
        topics.cancellations,
        notice.partition,
        notice.item.offset,
        event.at,
        notice.key,
        event.to_json(),
        ((HOOK_HEADER, name.encode()),),
    )
    times = "once" if tries == 1 else f"{tries} times"
    why = f"hook {name}, tried {times}: {answer.why_not}"
    return dead_letter(lay, topics.dead_letters, notice.partition, NOT_TAKEN, why)


def hook_of(headers: Headers) -> str | None:
    """For which hook a dead letter was, by the headers that it came with; none: for none."""
    return next((v.decode(errors="replace") for k, v in headers if k == HOOK_HEADER), None)
