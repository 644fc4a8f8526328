"""The lifecycle of one partition: a batch of requests in, one transaction's records out.

Decode, ask the core, keep, send: everything that could be wrong about runs is in
`rescind.statemachine`, and everything that could be wrong about Kafka is in the pipeline that
calls this. Nothing here waits and nothing is kept before the commit: a batch works on a draft,
and `adopt` makes that the state.
"""

from collections.abc import Iterable

from rescind.errors import NoTransitionError
from rescind.events.journal import (
    Entry,
    FlowQuarantined,
    RequestForwarded,
    RequestRefused,
    RequestsLost,
)
from rescind.events.refusals import Code
from rescind.events.requests import (
    REQUEST_ID_HEADER,
    AnyRequest,
    FlowCancel,
    Lane,
    Unreadable,
)
from rescind.events.requests.base import RunnerScoped
from rescind.events.signature import SIGNATURE_HEADER, verify
from rescind.events.words import Actor, clipped
from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord, Record
from rescind.processors.lifecycle.dead_letters import dead_letter, forwarded
from rescind.processors.lifecycle.errands import answers_to_parent
from rescind.processors.lifecycle.fanout import Fanout
from rescind.processors.lifecycle.outputs import outputs
from rescind.processors.lifecycle.place import Place, Read, request_in, text_of, traceparent_of
from rescind.processors.lifecycle.position import Position
from rescind.processors.lifecycle.tracing import Traces, decided
from rescind.statemachine.answer import Core
from rescind.statemachine.decide.answers import Happened
from rescind.statemachine.draft import Draft
from rescind.statemachine.families import Errand
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Asked, Policy
from rescind.statemachine.sweeps import Sweep

__all__ = ["Batch", "Lifecycle", "Place", "Read", "impossible_in"]

ITEMS_MAX = 2_000
"""Items answered in one transaction, about; the last request is decided whole. What counts is the
entries: a Pending flow run that is cancelled is answered with the ends of its task runs."""
BYTES_MAX = 4 << 20
"""Bytes of records decided in one transaction, about: what follows from them is a few times that,
and has to be with Kafka long before the transaction's time is over."""

_ANYONE = Actor(kind="user", id="unknown")

# Decided wherever they lie.
_STAY = (Unreadable, RunnerScoped)


class Batch:
    """One transaction in the making.

    Attributes:
        draft: the state as it will be.
        position: how far the partition will have got.
        forwards: records for other partitions; the broker must have them before the commit.
        owed: sweeps that are not through after this.
        traces: the spans of what is decided in it.

    """

    def __init__(self, base: Partition, position: Position, policy: Policy, place: Place) -> None:
        self.draft = Draft(base)
        self.position = position._replace(sequence=position.sequence + 1)
        self.forwards: list[OutRecord] = []
        self._items = 0
        self._bytes = 0
        self._core = Core(self.draft, policy, place.partition)
        self.traces = Traces(place.topics)
        self._fanout = Fanout(self.draft, policy, self.traces.below)
        self._place = place
        self._dead: list[OutRecord] = []
        self._followed = 0

    @property
    def entries(self) -> list[Entry]:
        """What has happened, in order: the records of the journal."""
        return self._core.recorder.entries

    @property
    def owed(self) -> dict[Sweep, None]:
        """Sweeps that are not through yet."""
        return self._core.owed

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened yet."""
        return not (self._core.recorder.entries or self.draft.tasks or self._dead)

    @property
    def fullness(self) -> float:
        """How much of what one transaction should hold is in it; from 1 on it is full."""
        return max(self._items / ITEMS_MAX, self._bytes / BYTES_MAX)

    def take(self, read: Read) -> None:
        """Decide one record.

        Raises:
            Exception: a bug; the batch must be thrown away, and this record refused alone.

        """
        record = read.record
        request = request_in(record)
        asked = self._asked(read, request)
        span = self.traces.begin(read, request, asked)
        self.position = self.position.read(read.lane, record.offset)
        elsewhere = self._elsewhere(request)
        if elsewhere is not None and not isinstance(request, Unreadable):
            self.forwards.append(forwarded(record, elsewhere, asked.request_id, request.stream_id))
            outcome = self._core.note(asked, Happened(RequestForwarded(partition=elsewhere)))
        else:
            outcome = self._core.answer(request, asked)
            self._fanout.answer(request, outcome)
            if asked.signed and isinstance(request, FlowCancel):
                self.forwards += answers_to_parent(request, self.draft, self._place)
            event = outcome[0].event
            if isinstance(event, RequestRefused) and event.code is Code.UNREADABLE:
                self._bury(record, event.code, event.message)
        if span is not None:
            decided(span, self.entries[self._followed :])
        self._items += len(outcome)
        self._bytes += record.size_bytes
        self._follow()

    def refuse_bug(self, read: Read, error: Exception) -> None:
        """Refuse a record that could not be decided or written, and keep its bytes.

        An event that the flow run's state has no edge for puts it in quarantine. Any other bug
        leaves it as it was: a stranger's odd request must not be able to close somebody's run.
        """
        record = read.record
        request = request_in(record)
        asked = self._asked(read, request)
        self.position = self.position.read(read.lane, record.offset)
        why = clipped(f"{type(error).__name__}: {error}")
        refused = Happened(RequestRefused(code=Code.INTERNAL_ERROR, message=why))
        if isinstance(request, Unreadable) or self._elsewhere(request) is not None:
            self._core.note(asked, refused)
        else:
            self._fanout.answer(request, self._refuse_bug(request, asked, refused, error))
        self._bury(record, Code.INTERNAL_ERROR, why)
        self._follow()

    def _refuse_bug(
        self, request: AnyRequest, asked: Asked, refused: Happened, error: Exception
    ) -> list[Entry]:
        kind, stream_id = request.stream_kind, request.stream_id
        if impossible_in(error) == stream_id and self._may_be_quarantined(stream_id):
            quarantined = Happened(FlowQuarantined(error=clipped(str(error))))
            return self._core.quarantine(asked, stream_id, refused, quarantined)
        return self._core.recorder.answer(asked, kind, stream_id, [refused])

    def refuse_barely(self, read: Read, error: Exception) -> None:
        """Say no more than that a record is refused: even refusing it in full has failed."""
        asked = self._asked(read, Unreadable("", ""))
        self.position = self.position.read(read.lane, read.record.offset)
        why = clipped(f"{type(error).__name__}: {error}")
        self._core.note(asked, Happened(RequestRefused(code=Code.INTERNAL_ERROR, message=why)))
        self._bury(read.record, Code.INTERNAL_ERROR, why)

    def quarantine(self, flow_run_id: str, cause: str, error: Exception) -> None:
        """Close a flow run in which something impossible was met, though nobody asked about it."""
        if self._may_be_quarantined(flow_run_id):
            quarantined = Happened(FlowQuarantined(error=clipped(str(error))))
            self._core.recorder.derive(flow_run_id, quarantined, cause, self.draft.at_ms)
            self._follow()

    def _may_be_quarantined(self, flow_run_id: str) -> bool:
        flow = self.draft.flow(flow_run_id)
        return flow is not None and not flow.quarantined

    def miss(self, lane: Lane, first: int, last: int, now_ms: int) -> None:
        """Say that records were removed by retention before anybody read them.

        No record has a time for this, so it is now, by the broker's clock.
        """
        asked = Asked(
            lane=lane,
            partition=self._place.partition,
            offset=last,
            previous=self.position.of(lane).previous,
            at_ms=max(now_ms, self.draft.at_ms),
            request_id=f"lost-{lane}-{self._place.partition}-{first}",
            actor=None,
            signed=True,
        )
        self.position = self.position.read(lane, last)
        self._core.note(asked, Happened(RequestsLost(first=first, last=last)))

    def sweep(self, sweep: Sweep, tasks_max: int | None = None) -> bool:
        """Go on with a sweep that earlier transactions owe; whether there is more to do in this."""
        has_more = self._core.sweep(sweep, self.draft.at_ms, tasks_max)
        self._follow()
        return has_more

    def record_errands(self, errands: Iterable[Errand]) -> None:
        """Say that the broker has what other partitions had to be told."""
        self._core.record_errands(errands, self.draft.at_ms)
        self._follow()

    def records(self) -> list[OutRecord]:
        """Everything that the transaction writes."""
        self.position = self.position._replace(last_at_ms=self.draft.at_ms)
        place = self._place
        out = outputs(
            self._core.recorder.entries,
            self.draft,
            self._fanout,
            self.position,
            place.topics,
            place.partition,
        )
        return out + self._dead

    def _asked(self, read: Read, request: AnyRequest | Unreadable) -> Asked:
        record = read.record
        header = record.header(SIGNATURE_HEADER)
        value = record.value or b""
        signed = header is not None and verify(value, header, self._place.signing_keys)
        own = request.request_id or text_of(record.header(REQUEST_ID_HEADER))
        actor = None if isinstance(request, Unreadable) else request.actor or _ANYONE
        if actor is not None and actor.verified != signed:
            # What a record claims about itself is a claim; the signature decides.
            actor = actor.model_copy(update={"verified": signed})
        return Asked(
            lane=read.lane,
            partition=record.partition,
            offset=record.offset,
            previous=self.position.of(read.lane).previous,
            # No worker's clock enters an event, and time never runs backwards in a partition.
            at_ms=max(record.timestamp_ms, self.draft.at_ms),
            request_id=own or f"{read.lane}-{record.partition}-{record.offset}",
            actor=actor,
            signed=signed,
            traceparent=traceparent_of(record, request),
        )

    def _elsewhere(self, request: AnyRequest | Unreadable) -> int | None:
        if isinstance(request, _STAY):
            return None
        right = partition_of(request.stream_id, self._place.partitions)
        return None if right == self._place.partition else right

    def _bury(self, record: Record, code: Code, why: str) -> None:
        topic = self._place.topics.dead_letters
        self._dead.append(dead_letter(record, topic, self._place.partition, code, why))

    def _follow(self) -> None:
        entries = self._core.recorder.entries
        for entry in entries[self._followed :]:
            self._fanout.follow(entry)
        self._followed = len(entries)


class Lifecycle:
    """One partition: its committed state, how far it has got, and what it still owes."""

    def __init__(self, base: Partition, position: Position, policy: Policy, place: Place) -> None:
        self.base = base
        self.position = position
        self.policy = policy
        self.place = place
        self.owed: dict[Sweep, None] = {}

    def begin(self) -> Batch:
        """A new transaction on the committed state."""
        return Batch(self.base, self.position, self.policy, self.place)

    def adopt(self, batch: Batch, swept: Iterable[Sweep] = ()) -> None:
        """Make a committed transaction the state."""
        batch.draft.adopt()
        self.position = batch.position
        self.note_swept(batch, swept)

    def note_swept(self, batch: Batch, swept: Iterable[Sweep]) -> None:
        """Owe no longer what a transaction has gone on with, but what it has left."""
        for sweep in swept:
            self.owed.pop(sweep, None)
        self.owed.update(batch.owed)


def impossible_in(error: Exception) -> str | None:
    """The flow run (or runner) whose state had no edge for an event, if that is what failed."""
    if not isinstance(error, NoTransitionError):
        return None
    return error.run_id.partition("/")[0]
