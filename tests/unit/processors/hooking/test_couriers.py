"""Nothing of hooks ends the agents: what cannot be served is tried again."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from rescind.kafka.connection import Connection
from rescind.kafka.records import OutRecord
from rescind.kafka.topics import TopicNames
from rescind.kafka.writing.sender import Sender
from rescind.processors import hooks
from rescind.processors.hooking import courier
from rescind.processors.hooking.targets import target_of
from rescind.processors.hooks import Couriers
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.shared.tools import Asking
from rescind.settings.hooks import Hook
from tests.waiting import until


class Broker:
    """Stamps what it is sent, after a first answer that nobody has thought of."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, record: OutRecord) -> Any:
        del record
        self.asked += 1
        if self.asked == 1:
            raise LookupError("a bug")
        return SimpleNamespace(timestamp_ms=1_700_000_000_000)


async def test_a_hook_that_cannot_be_made_harms_no_other_and_is_made_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hooks, "FAILED_SECONDS", 0.01)
    monkeypatch.setattr(courier, "LOOK_SECONDS", 0.01)
    broken, made = ["broken"] * 3, list[str]()

    def make(name: str, hook: Hook) -> Any:
        if name in broken:
            broken.remove(name)
            raise ImportError("no socksio")
        made.append(name)
        return target_of(name, hook)

    monkeypatch.setattr(hooks, "target_of", make)
    lost = [LookupError("not assigned yet")]

    def mine() -> set[int]:
        if lost:
            raise lost.pop()
        return set()

    tools = Asking(Connection("127.0.0.1:9"), TopicNames("t."), cast(Sender, Broker()), {})
    couriers = Couriers({"broken": Hook(), "fine": Hook()}, tools, HookMeters(CollectorRegistry()))
    serving = asyncio.create_task(couriers.serve(mine))
    try:
        await until(lambda: {"broken", "fine"} <= set(made) and not lost)
        assert not serving.done()
        assert made[0] == "fine"
    finally:
        serving.cancel()
        await asyncio.wait([serving])
