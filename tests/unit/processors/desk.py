"""One partition's lifecycle without Kafka: records of the lanes in, records of the topics out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from rescind.events.journal import Entry
from rescind.events.requests import Lane
from rescind.events.signature import SIGNATURE_HEADER, sign
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.lifecycle import Batch, Lifecycle, Place, Read
from rescind.processors.lifecycle.position import Position
from rescind.statemachine.partition import Partition
from rescind.statemachine.policy import Policy
from tests.world import NOON_MS

__all__ = ["KEYS", "NAMES", "Desk", "entries", "inboxes", "written"]

NAMES: Final = TopicNames("t.")
KEYS: Final = {"k1": b"a key of the tests"}


class Desk:
    """Each `put` is a batch of its own, written and adopted."""

    def __init__(self, *, partitions: int = 1, policy: Policy | None = None) -> None:
        self.life = Lifecycle(
            Partition(), Position(), policy or Policy(), Place(0, partitions, NAMES, KEYS)
        )
        self.now_ms = NOON_MS
        self._next: dict[Lane, int] = {"start": 0, "stop": 0}

    def read(
        self,
        value: Mapping[str, Any] | bytes | None,
        *,
        lane: Lane = "stop",
        headers: Sequence[tuple[str, bytes]] = (),
        signed: bool = False,
    ) -> Read:
        """The next record of a lane."""
        body = value if isinstance(value, bytes | None) else orjson.dumps(value)
        said = list(headers)
        if signed:
            said.append((SIGNATURE_HEADER, sign(body or b"", "k1", KEYS["k1"])))
        offset = self._next[lane]
        self._next[lane] += 1
        topic = NAMES.stop_requests if lane == "stop" else NAMES.start_requests
        return Read(lane, Record(topic, 0, offset, self.now_ms, b"key", body, said))

    def put(
        self, value: Mapping[str, Any] | bytes | None, *, lane: Lane = "stop", **more: Any
    ) -> list[OutRecord]:
        """Decide a record; everything that is written for it."""
        batch = self.life.begin()
        batch.take(self.read(value, lane=lane, **more))
        return self.commit(batch)

    def commit(self, batch: Batch) -> list[OutRecord]:
        """Everything that a batch writes; it is the state from then on."""
        records = batch.records()
        self.life.adopt(batch)
        return records

    def begin(
        self, flow_run_id: str = "f", runner_id: str = "r", tasks: Sequence[str] = ()
    ) -> None:
        """A runner, and a running flow run of it with a body and these task runs granted."""
        about = {"flow_run_id": flow_run_id, "runner_id": runner_id}
        items = [{"task_run_id": task} for task in tasks]
        self.put({"type": "runner.register", "runner_id": runner_id}, lane="start")
        self.put({"type": "flow.register", **about}, lane="start")
        self.put({"type": "flow.start", **about, "body": {"task_run_id": "body"}}, lane="start")
        if tasks:
            self.put({"type": "task.register", **about, "items": items}, lane="start")
            self.put({"type": "task.start", **about, "items": items}, lane="start")


def written(records: Sequence[OutRecord], topic: str) -> list[OutRecord]:
    """What of it goes to one topic."""
    return [record for record in records if record.topic == topic]


def entries(records: Sequence[OutRecord]) -> list[Entry]:
    """The entries among it."""
    return [Entry.from_json(record.value or b"") for record in written(records, NAMES.journal)]


def inboxes(records: Sequence[OutRecord]) -> list[dict[str, Any]]:
    """What runners are told by it."""
    return [orjson.loads(record.value or b"") for record in written(records, NAMES.inbox)]
