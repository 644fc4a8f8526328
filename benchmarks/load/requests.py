"""Requests as a runner sends them: the bytes, with ids of the length that real ones have."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

from rescind.kafka.partitions import partition_of
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames

__all__ = ["Requests", "some_id"]


def some_id(chance: Random) -> str:
    """An id such as the SDK makes: 128 bits in hexadecimal."""
    return f"{chance.getrandbits(128):032x}"


@dataclass(frozen=True, slots=True)
class Requests:
    """Makes records of the lanes, each on the partition that serves its flow run."""

    names: TopicNames
    partitions: int
    chance: Random

    def flow_ids(self, count: int) -> list[str]:
        """Ids of flow runs, as many in each partition as in every other."""
        wanted = [count // self.partitions + (n < count % self.partitions) for n in self._all()]
        found: list[list[str]] = [[] for _ in self._all()]
        while any(len(ids) < want for ids, want in zip(found, wanted, strict=True)):
            flow_run_id = some_id(self.chance)
            mine = partition_of(flow_run_id, self.partitions)
            if len(found[mine]) < wanted[mine]:
                found[mine].append(flow_run_id)
        # Turn by turn, so that neighbours lie in different partitions.
        return [ids[n] for n in range(max(wanted, default=0)) for ids in found if n < len(ids)]

    def register_runner(self, runner_id: str) -> Iterator[OutRecord]:
        """It is registered in each partition by itself."""
        body = {"type": "runner.register", "runner_id": runner_id, "pool": "benchmarks"}
        for partition in self._all():
            value = orjson.dumps(body)
            yield OutRecord(
                self.names.start_requests, runner_id.encode(), value, partition=partition
            )

    def begin_flow(self, flow_run_id: str, runner_id: str) -> Iterator[OutRecord]:
        """Register a flow run and start it with its body."""
        yield self._of(runner_id, "start", "flow.register", flow_run_id, name="nightly")
        body = {"task_run_id": "body"}
        yield self._of(runner_id, "start", "flow.start", flow_run_id, body=body)

    def register_tasks(self, flow_run_id: str, runner_id: str, tasks: list[str]) -> OutRecord:
        items = [{"task_run_id": task, "name": "load"} for task in tasks]
        return self._of(runner_id, "start", "task.register", flow_run_id, items=items)

    def start_tasks(self, flow_run_id: str, runner_id: str, tasks: list[str]) -> OutRecord:
        items = [{"task_run_id": task, "attempt": 1} for task in tasks]
        return self._of(runner_id, "start", "task.start", flow_run_id, items=items)

    def finish_tasks(
        self, flow_run_id: str, runner_id: str, tasks: list[str], end: str = "success"
    ) -> OutRecord:
        items = [{"task_run_id": task, "attempt": 1, "end": end} for task in tasks]
        return self._of(runner_id, "stop", "task.finish", flow_run_id, items=items)

    def acknowledge(
        self,
        flow_run_id: str,
        runner_id: str,
        cancellation_id: str,
        tasks: list[str],
        chunk: tuple[int, int],
    ) -> OutRecord:
        """That a runner holds these task runs; `chunk` says which one this is, of how many."""
        number, of = chunk
        said = {
            "cancellation_id": cancellation_id,
            "chunk": number - 1,
            "last": number == of,
            "held": [{"task_run_id": task, "attempt": 1} for task in tasks],
        }
        return self._of(runner_id, "stop", "cancellation.acknowledge", flow_run_id, **said)

    def cancel_flow(self, flow_run_id: str) -> OutRecord:
        asks = {"actor": {"kind": "user", "id": "someone"}, "reason": "measured"}
        return self._record("stop", "flow.cancel", flow_run_id, **asks)

    def _of(
        self, runner_id: str, lane: str, kind: str, flow_run_id: str, **fields: Any
    ) -> OutRecord:
        actor = {"kind": "runner", "id": runner_id}
        return self._record(lane, kind, flow_run_id, runner_id=runner_id, actor=actor, **fields)

    def _record(self, lane: str, kind: str, flow_run_id: str, **fields: Any) -> OutRecord:
        body = {
            "type": kind,
            "request_id": some_id(self.chance),
            "flow_run_id": flow_run_id,
            **fields,
        }
        topic = self.names.start_requests if lane == "start" else self.names.stop_requests
        partition = partition_of(flow_run_id, self.partitions)
        return OutRecord(topic, flow_run_id.encode(), orjson.dumps(body), (), partition)

    def _all(self) -> range:
        return range(self.partitions)
