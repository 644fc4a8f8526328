"""The last look before an attempt begins: what is in the inbox by then counts, and so does time."""

import asyncio
from pathlib import Path

from rescind.errors import BrokerUnavailableError
from rescind.events import intents as wire
from rescind.events.words import Mode, RunnerCapabilities
from rescind.runners.client.clock import boot_seconds
from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.hearing.intents import Intent
from rescind.runners.client.living.incarnation import Incarnation
from rescind.runners.client.living.tools import Profile
from rescind.runners.client.run import Run
from tests.unit.runners.client.parts import Taken, tools

_PROFILE = Profile("default", "here", RunnerCapabilities(), None)


class Life(Incarnation):
    """An incarnation whose inbox holds what a test has put there, until it is read to its end."""

    def __init__(self, folder: Path) -> None:
        self.now = boot_seconds()
        self.intents: list[Intent] = []
        self.unread: list[wire.Inbox] = []
        self.away = 0
        self.tools = tools(folder, Taken(), lambda: self.now)
        super().__init__(self.tools, _PROFILE, self.intents.append)

    async def read_to_end(self, partition: int) -> None:
        assert partition == 0
        self.now += 1
        if self.away:
            self.away -= 1
            raise BrokerUnavailableError("nowhere:1")
        while self.unread:
            self._told(self.unread.pop(0), self.now)

    async def granted(self) -> tuple[Run, Grant]:
        run = Run("f", self, self.tools)
        asking = asyncio.create_task(run.start("t"))
        await asyncio.sleep(0)
        grant = wire.Grant(flow_run_id="f", task_run_id="t", attempt=1, valid_seconds=30)
        self._told(wire.Inbox(runner_id=self.runner_id, grants=(grant,)), self.now)
        granted = await asking
        assert isinstance(granted, Grant)
        return run, granted


async def test_with_nothing_in_the_inbox_it_may_begin(tmp_path: Path) -> None:
    run, grant = await Life(tmp_path).granted()
    assert await run.may_begin(grant)


async def test_a_cancel_that_lay_in_the_inbox_unread_is_found(tmp_path: Path) -> None:
    life = Life(tmp_path)
    run, grant = await life.granted()
    cancel = wire.CancelFlow(
        flow_run_id="f",
        cancellation_id="c",
        mode=Mode.GRACEFUL,
        grace_seconds=30,
        deadline_at=0,
    )
    life.unread.append(wire.Inbox(runner_id=life.runner_id, cancel_flow=(cancel,)))
    assert not await run.may_begin(grant)
    assert len(life.intents) == 1


async def test_a_loss_that_lay_in_the_inbox_unread_is_found(tmp_path: Path) -> None:
    life = Life(tmp_path)
    run, grant = await life.granted()
    life.unread.append(wire.Inbox(runner_id=life.runner_id, lost=wire.Lost(reason="silent")))
    assert not await run.may_begin(grant)


async def test_a_grant_that_grew_old_while_the_inbox_was_read_is_not_used(tmp_path: Path) -> None:
    life = Life(tmp_path)
    run, grant = await life.granted()
    life.now += grant.valid_seconds - 0.5
    assert grant.is_usable()
    assert not await run.may_begin(grant)


async def test_a_broker_that_comes_back_in_time_is_waited_for(tmp_path: Path) -> None:
    life = Life(tmp_path)
    run, grant = await life.granted()
    life.away = 2
    assert await run.may_begin(grant)


async def test_without_a_broker_nothing_begins(tmp_path: Path) -> None:
    life = Life(tmp_path)
    run, grant = await life.granted()
    life.now += grant.valid_seconds - 1.5
    life.away = 1_000
    assert not await run.may_begin(grant)


async def test_what_has_ended_does_not_begin_again(tmp_path: Path) -> None:
    run, grant = await Life(tmp_path).granted()
    await run.give_back(grant)
    assert not await run.may_begin(grant)
