"""A callable of a user's: whatever it does, the agents' loop goes on."""

import asyncio
import threading
from importlib.metadata import EntryPoint

import pytest

from rescind.events.hooks import HOOKS_GROUP, HookEvent
from rescind.processors.hooking.calling import HANGING_MAX, PythonHook
from rescind.processors.hooking.lanes import AT_ONCE
from rescind.tracing.messaging import carried, to_carry
from tests.unit.processors.hooking.telling import EVENT
from tests.waiting import until

HERE = "tests.unit.processors.hooking.test_calling"

heard: list[tuple[HookEvent, int]] = []
released = threading.Event()
traces: list[str | None] = []
TRACE = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


def takes(event: HookEvent) -> None:
    heard.append((event, threading.get_ident()))


async def takes_async(event: HookEvent) -> None:
    await asyncio.sleep(0)
    takes(event)


def raises(event: HookEvent) -> None:
    raise LookupError(event.id)


def exits(event: HookEvent) -> None:
    raise SystemExit(event.id)


def hangs(event: HookEvent) -> None:
    del event
    released.wait()


def waits(event: HookEvent) -> None:
    heard.append((event, threading.get_ident()))
    released.wait()


def says_its_trace(event: HookEvent) -> None:
    del event
    traces.append(to_carry())


async def sleeps(event: HookEvent) -> None:
    del event
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _nobody_has_heard() -> None:
    heard.clear()
    released.clear()


def hook(function: str, seconds: float = 30, module: str = HERE) -> PythonHook:
    return PythonHook("mine", seconds, EntryPoint("mine", f"{module}:{function}", HOOKS_GROUP))


@pytest.mark.parametrize("function", ["takes", "takes_async"])
async def test_it_is_given_the_event_in_a_thread_of_its_own(function: str) -> None:
    assert (await hook(function).tell(EVENT)).is_taken

    ((event, thread),) = heard
    assert event == EVENT
    assert thread != threading.get_ident()


@pytest.mark.parametrize(
    "function,why",
    [
        ("raises", "LookupError: stop-0-7-0-cancelled"),
        ("exits", "SystemExit: stop-0-7-0-cancelled"),
        ("no_such", "AttributeError"),
    ],
)
async def test_what_it_raises_is_the_reason(function: str, why: str) -> None:
    tried = await hook(function).tell(EVENT)

    assert why in tried.why_not


async def test_one_that_cannot_be_imported_is_a_failure_like_any_other() -> None:
    tried = await hook("x", module="no_such_module").tell(EVENT)

    assert "ModuleNotFoundError" in tried.why_not


async def test_one_that_nobody_offers_says_so() -> None:
    tried = await PythonHook("mine", 30, None).tell(EVENT)

    assert "no installed package offers 'mine'" in tried.why_not


async def test_one_that_hangs_is_left_behind_and_a_few_of_them_are_enough() -> None:
    hanging = hook("hangs", 0.05)
    threads = threading.active_count()
    for _ in range(HANGING_MAX):
        assert "has not returned within 0.05 s" in (await hanging.tell(EVENT)).why_not

    tried = await hanging.tell(EVENT)

    assert tried.why_not == f"{HANGING_MAX} earlier calls have not returned"
    assert threading.active_count() == threads + HANGING_MAX
    released.set()
    # When they come back, it is called again.
    await until(lambda: threading.active_count() == threads)
    await until(lambda: not hanging.is_full)
    assert (await hanging.tell(EVENT)).is_taken


async def test_an_async_one_that_waits_for_ever_is_ended_with_its_thread() -> None:
    threads = threading.active_count()

    tried = await hook("sleeps", 0.05).tell(EVENT)

    assert tried.why_not
    await until(lambda: threading.active_count() == threads)


async def test_one_that_is_merely_busy_is_called_by_as_many_tries_as_there_are() -> None:
    busy = hook("waits")
    tries = [asyncio.create_task(busy.tell(EVENT)) for _ in range(AT_ONCE)]
    await until(lambda: len(heard) == AT_ONCE)

    released.set()

    assert all(each.is_taken for each in await asyncio.gather(*tries))


async def test_a_try_waits_for_a_place_that_one_that_hangs_gives_back() -> None:
    hanging = hook("hangs", 0.5)
    await asyncio.gather(*(hanging.tell(EVENT) for _ in range(HANGING_MAX)))
    assert hanging.is_full

    waiting = asyncio.create_task(hanging.tell(EVENT))
    await asyncio.sleep(0)
    released.set()

    assert (await waiting).is_taken


async def test_one_that_a_closing_process_left_behind_is_counted_until_it_returns() -> None:
    hanging = hook("hangs")
    tries = [asyncio.create_task(hanging.tell(EVENT)) for _ in range(HANGING_MAX)]
    await asyncio.sleep(0)
    for each in tries:
        each.cancel()
    await asyncio.wait(tries)
    assert hanging.is_full

    released.set()

    await until(lambda: not hanging.is_full)
    assert (await hanging.tell(EVENT)).is_taken


async def test_a_thread_that_cannot_be_started_is_a_failure_and_none_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    mine = hook("takes")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        for _ in range(HANGING_MAX + 1):
            assert "can't start new thread" in (await mine.tell(EVENT)).why_not

    assert (await mine.tell(EVENT)).is_taken


async def test_it_is_called_below_the_trace_of_the_try() -> None:
    traces.clear()
    with carried(TRACE):
        await hook("says_its_trace").tell(EVENT)

    assert traces == [TRACE]
