"""What a runner says, in order, until Kafka has it.

One outbox for each lane. Each stream (a flow run, or this runner in one partition) has a queue of
its own, and one record of a stream is under way at a time: while Kafka takes it, items of the
same kind gather in the next one, up to 500. So the first of a burst leaves at once and the rest
in large records. Order within a stream is never given up: an acknowledgement that does not name
an attempt any more comes after the report of that attempt's end.

Nothing is given up for want of a broker: what waits is kept, in memory up to a bound and beyond
it in a file. Answers are not seen here (`rescind.runners.client.hearing.waiting`).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson
import structlog

from rescind.errors import RunnerClosedError
from rescind.events.moments import moment_to_text
from rescind.events.requests import ITEMS_MAX
from rescind.kafka.records import OutRecord, Sent
from rescind.runners.client.clock import wall_ms
from rescind.runners.client.sending.checking import check_request
from rescind.runners.client.sending.spill import Spill
from rescind.tracing.lines import about

__all__ = ["MEMORY_BYTES_MAX", "Head", "Outbox", "Placed", "Post", "new_id"]

MEMORY_BYTES_MAX: Final = 16 << 20
"""Of items that wait, in one outbox; what is more waits in a file."""

# Of 1 MiB that a lane takes: the rest is for what stands around the items.
_ITEMS_BYTES_MAX: Final = 900_000

Post = Callable[[OutRecord], "asyncio.Future[Sent]"]
OnSent = Callable[[str, OutRecord, Sent], None]

_log = structlog.get_logger(__name__)


def new_id() -> str:
    """128 random bits, in hex."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Head:
    """What the items of one record have in common: items of equal heads may share a record."""

    type: str
    stream_id: str
    partition: int
    common: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def queue(self) -> tuple[str, int]:
        """What has an order of its own: a runner is a stream in each partition that it uses."""
        return self.stream_id, self.partition


class Placed(NamedTuple):
    """Where something that was put is: in which request, and as which of its items.

    `sent` is shared by all items of the record: wait for it shielded.
    """

    request_id: str
    item: int | None
    sent: "asyncio.Future[Sent]"


class _Batch:
    """The items of one record that is not under way yet; a number is a place in the spill."""

    __slots__ = ("at_ms", "head", "items", "request_id", "sent", "size", "whole")

    def __init__(self, head: Head, sent: "asyncio.Future[Sent]", request_id: str) -> None:
        self.head = head
        self.items: list[bytes | int] = []
        self.size = 0
        self.sent = sent
        self.request_id = request_id
        self.at_ms = wall_ms()
        self.whole = False

    def has_room(self, size: int) -> bool:
        return (
            not self.whole and len(self.items) < ITEMS_MAX and self.size + size <= _ITEMS_BYTES_MAX
        )


class Outbox:
    """The requests of one lane. `actor` is who asks, as the wire has it.

    `post` takes a record on and gives a future of its place; it must keep the order of its calls
    and try for ever (`rescind.kafka.writing.sender.Sender.post`). `on_sent` is told each request
    that Kafka has.
    """

    def __init__(
        self,
        post: Post,
        topic: str,
        spill: Spill,
        on_sent: OnSent,
        memory_bytes_max: int = MEMORY_BYTES_MAX,
    ) -> None:
        self._post = post
        self._topic = topic
        self._spill = spill
        self._on_sent = on_sent
        self._memory_bytes_max = memory_bytes_max
        self._memory_bytes = 0
        self._queues: dict[tuple[str, int], deque[_Batch]] = {}
        self._under_way: dict[tuple[str, int], _Batch] = {}
        self._closed = False
        self._is_refused = False

    def put_item(self, head: Head, item: bytes) -> Placed:
        """Add an item (its JSON) behind all else of its stream; it leaves with others like it."""
        queue = self._queue(head)
        last = queue[-1] if queue else None
        if last is None or not (
            (last.head is head or last.head == head) and last.has_room(len(item))
        ):
            last = self._append(queue, head, new_id())
        return self._add(last, item)

    def put(self, head: Head, rest: bytes, request_id: str | None = None) -> Placed:
        """Add a request without items; `rest` is the JSON object of the fields it has beside.

        Raises `ValueError`, in a sentence, if it is no request of the wire.
        """
        check_request(orjson.dumps({"type": head.type, **head.common, **orjson.loads(rest)}))
        batch = self._append(self._queue(head), head, request_id or new_id())
        batch.whole = True
        return self._add(batch, rest)._replace(item=None)

    @property
    def unsent(self) -> int:
        """Requests and items that Kafka does not have yet."""
        waiting = sum(len(batch.items) for queue in self._queues.values() for batch in queue)
        return waiting + sum(len(batch.items) for batch in self._under_way.values())

    async def flush(self) -> None:
        """Wait until Kafka has all that was put before."""
        left = [batch.sent for queue in self._queues.values() for batch in queue]
        left += [batch.sent for batch in self._under_way.values()]
        if left:
            await asyncio.wait(left)

    def close(self) -> None:
        """Take nothing more and send nothing more."""
        self._closed = True
        batches = [batch for queue in self._queues.values() for batch in queue]
        for batch in (*batches, *self._under_way.values()):
            if not batch.sent.done():
                batch.sent.set_exception(RunnerClosedError(f"a {batch.head.type} that has to go"))
        self._queues.clear()
        self._under_way.clear()

    def _queue(self, head: Head) -> deque[_Batch]:
        if self._closed:
            raise RunnerClosedError(f"a {head.type}")
        queue = self._queues.get(head.queue)
        if queue is None:
            queue = self._queues[head.queue] = deque()
        return queue

    def _append(self, queue: deque[_Batch], head: Head, request_id: str) -> _Batch:
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[Sent] = loop.create_future()
        # Reports are often not waited for: a failure that nobody looks at is no accident.
        sent.add_done_callback(lambda done: done.cancelled() or done.exception())
        batch = _Batch(head, sent, request_id)
        queue.append(batch)
        if len(queue) == 1 and head.queue not in self._under_way:
            # Not now: what else is put in this round of the loop may go along.
            loop.call_soon(self._send_next, head.queue)
        return batch

    def _add(self, batch: _Batch, item: bytes) -> Placed:
        kept: bytes | int = item
        if self._memory_bytes + len(item) > self._memory_bytes_max:
            kept = self._spilled(item)
        if isinstance(kept, bytes):
            self._memory_bytes += len(item)
        batch.items.append(kept)
        batch.size += len(item) + 1
        return Placed(batch.request_id, len(batch.items) - 1, batch.sent)

    def _spilled(self, item: bytes) -> bytes | int:
        try:
            place = self._spill.put(item)
        except OSError as error:
            if not self._is_refused:
                # Once: a log on a full disk does not get better by being long.
                _log.error("reports that wait stay in memory", why=str(error), topic=self._topic)
            self._is_refused = True
            return item
        self._is_refused = False
        return place

    def _send_next(self, name: tuple[str, int]) -> None:
        queue = self._queues.get(name)
        if queue is None or name in self._under_way:
            return
        if not queue:
            del self._queues[name]
            return
        batch = self._under_way[name] = queue.popleft()
        record = self._record(batch)

        def sent(done: "asyncio.Future[Sent]") -> None:
            self._sent(batch, record, done)

        self._post(record).add_done_callback(sent)

    def _sent(self, batch: _Batch, record: OutRecord, done: "asyncio.Future[Sent]") -> None:
        if self._under_way.pop(batch.head.queue, None) is None:
            return  # Closed meanwhile.
        if done.cancelled():
            batch.sent.set_exception(RunnerClosedError(f"a {batch.head.type} that has to go"))
        elif (error := done.exception()) is not None:
            # For ever: too large for the topic, or no right to write there.
            with about(
                flow_run_id=batch.head.common.get("flow_run_id"), request_id=batch.request_id
            ):
                _log.error("a request cannot be sent", type=batch.head.type, why=str(error))
            batch.sent.set_exception(error)
        else:
            self._on_sent(batch.request_id, record, done.result())
            batch.sent.set_result(done.result())
        self._send_next(batch.head.queue)

    def _record(self, batch: _Batch) -> OutRecord:
        items = list(self._taken(batch.items))
        head = batch.head
        body: dict[str, Any] = {
            "type": head.type,
            "request_id": batch.request_id,
            "at": moment_to_text(batch.at_ms),
            **head.common,
        }
        if (runner_id := head.common.get("runner_id")) is not None:
            body["actor"] = {"kind": "runner", "id": runner_id}
        if batch.whole:
            body |= orjson.loads(items[0])
        else:
            body["items"] = [orjson.Fragment(item) for item in items]
        return OutRecord(
            self._topic, head.stream_id.encode(), orjson.dumps(body), partition=head.partition
        )

    def _taken(self, items: Iterable[bytes | int]) -> Iterable[bytes]:
        spilled = 0
        for item in items:
            if isinstance(item, int):
                spilled += 1
                yield self._spill.get(item)
            else:
                self._memory_bytes -= len(item)
                yield item
        if spilled:
            self._spill.drop(spilled)
