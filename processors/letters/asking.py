"""A request that became a dead letter, asked once more: its bytes, in the lane where they lay.

Nothing is changed but what the service had written beside it, so a signature still fits. The answer
is found by where the record lies then: what could not be read has no request id.
"""

from collections.abc import Mapping

from rescind.errors import JournalError
from rescind.events.journal import Entry
from rescind.events.requests import Lane
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.records import OutRecord, Record, Sent
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors.hooking.letters import NOT_TAKEN, hook_of
from rescind.processors.letters.reading import Letter

__all__ = ["answer_to", "ask_again", "send_again", "why_not"]


def why_not(letter: Letter, names: TopicNames) -> str:
    """Why it cannot be asked again; empty if it can."""
    said, record = letter.said, letter.record
    if (hook := hook_of(said.headers)) is not None and said.code == NOT_TAKEN:
        return f"it was for the hook {hook!r}: `rescind dead-letters retry` tells it again"
    if said.bytes_of_all is not None:
        return f"only the beginning of {said.bytes_of_all} bytes is kept: whoever sent it has all"
    if said.topic not in _lanes(names):
        return f"it lay in {said.topic}, which takes no requests"
    if record.key is None and record.value is None:
        return "it has neither key nor value, so there is nothing to ask"
    return ""


async def ask_again(
    letter: Letter, names: TopicNames, sender: Sender, journal: TopicFollower
) -> tuple[Entry, ...]:
    """Every entry that answers it, in order, however long that takes.

    ``journal`` has to follow from before this. Raises `BrokerError`.
    """
    return await answer_to(await send_again(letter, sender), letter, names, journal)


async def send_again(letter: Letter, sender: Sender) -> Sent:
    """Where it is once Kafka has it. Raises `BrokerError`."""
    said, record = letter.said, letter.record
    return await sender.send(
        OutRecord(said.topic, record.key, record.value, said.headers, said.partition)
    )


async def answer_to(
    sent: Sent, letter: Letter, names: TopicNames, journal: TopicFollower
) -> tuple[Entry, ...]:
    """As `ask_again`, of what was sent."""
    lane = _lanes(names)[letter.said.topic]
    found: list[Entry] = []
    async for records in journal.follow():
        for entry in map(_entry, records):
            if entry is None or (source := entry.source) is None:
                continue
            if (source.lane, source.partition, source.offset) == (lane, *sent[:2]):
                found.append(entry)
                if source.nth + 1 == source.of:
                    return tuple(found)
    raise AssertionError("a journal is followed for ever")


def _lanes(names: TopicNames) -> Mapping[str, Lane]:
    return {names.stop_requests: "stop", names.start_requests: "start"}


def _entry(record: Record) -> Entry | None:
    try:
        return Entry.from_json(record.value or b"")
    except JournalError:
        # What a newer release has written is no answer to a request of this one.
        return None
