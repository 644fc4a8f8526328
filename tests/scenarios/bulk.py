"""A bulk cancellation of a scenario, by the wire, and the flow runs that it means."""

import itertools
from typing import Any

from rescind.events.journal import BulkCounted, BulkProgressed, Entry
from tests.scenarios.harness import Scene, types_of

__all__ = ["Bulk", "child_that_goes_on"]


class Bulk:
    """A bulk cancellation of the flow runs that one test has registered."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.bulk_id = scene.named("bulk")

    async def register(self, *names: str) -> list[str]:
        """Flow runs that it means, Pending."""
        ids = [self.scene.named(name) for name in names]
        labels = {"of": self.bulk_id}
        for flow_run_id in ids:
            request = {"type": "flow.register", "flow_run_id": flow_run_id, "labels": labels}
            await self.scene.answer_to(request)
        return ids

    async def begin(self, flow_run_id: str) -> None:
        """Start one of them, so that it does not end at once."""
        about = {"flow_run_id": flow_run_id, "runner_id": self.scene.named("runner")}
        partition = self.scene.partition_of(flow_run_id)
        hello = {"type": "runner.register", "runner_id": about["runner_id"]}
        await self.scene.answer_to(hello, partition=partition)
        await self.scene.answer_to({"type": "flow.start", **about, "body": {"task_run_id": "b"}})

    async def ask(self, kind: str, **fields: Any) -> list[str]:
        request = {"type": f"bulk.{kind}", "bulk_id": self.bulk_id, **fields}
        return types_of(await self.scene.answer_to(request))

    async def create(self, **fields: Any) -> BulkCounted:
        """Describe it; what was counted."""
        await self.ask("create", where={"labels": {"of": self.bulk_id}}, **fields)
        counted = (await self.event("counted")).event
        assert isinstance(counted, BulkCounted)
        return counted

    async def event(self, kind: str) -> Entry:
        return await self.scene.event(self.bulk_id, f"bulk.{kind}")

    async def until_asked(self, count: int) -> None:
        await self.scene.journal.until(lambda: len(self.items()) >= count)

    def items(self) -> list[str]:
        """The flow runs that it has told an outcome of, in its order."""
        told = [entry.event for entry in self.scene.events(self.bulk_id, "bulk.progressed")]
        parts = [event.items for event in told if isinstance(event, BulkProgressed)]
        return [item.flow_run_id for item in itertools.chain.from_iterable(parts)]


async def child_that_goes_on(scene: Scene) -> tuple[str, str]:
    """A parent that has ended, and its child, which it did not wait for: their ids."""
    parent = await scene.begun("parent")
    child = scene.named("child")
    item = {"task_run_id": "c", "kind": "child", "child_flow_run_id": child, "cascade": "none"}
    await parent.says("task.register", items=[item])
    await parent.says("task.start", items=[{"task_run_id": "c"}])
    link = {"flow_run_id": parent.flow_run_id, "task_run_id": "c"}
    await scene.answer_to({"type": "flow.register", "flow_run_id": child, "parent": link})
    await parent.ends("body", "success")
    await scene.event(parent.flow_run_id, "child.released")
    return parent.flow_run_id, child
