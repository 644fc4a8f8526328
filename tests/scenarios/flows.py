"""Flows of the scenarios, run in a process of their own as users run theirs.

    python -m tests.scenarios.flows FLOW EXECUTOR FLOW_RUN_ID FOLDER [RERUN_OF]

Each task says that it has begun by touching a file in the folder; some wait there to be let on.
What came of the flow run is the last line that is printed.
"""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from rescind import CommandTask, current_run, flow, task
from rescind.cancelled import Cancelled
from rescind.errors import TaskCancelledError
from rescind.runners.sdk import Flow
from tests.contract.executors import coroutines, works
from tests.scenarios import flows_in_time, flows_of_many, flows_that_clean_up, flows_that_go_on
from tests.scenarios.executors import executor_of
from tests.scenarios.marks import LONG_SECONDS, wait_for


@task
def nap(folder: Path) -> str:
    return works.nap(folder / "nap", LONG_SECONDS)


@task
def stubborn(folder: Path, raises: bool) -> str:
    """In a thread, and it never looks at its flag."""
    (folder / "stubborn").touch()
    wait_for(folder / "stubborn.go")
    if raises:
        raise ValueError("the disk is full")
    return "done"


@task
def polite(folder: Path) -> None:
    """Looks at its flag, and gives way."""
    works.give_way_to_the_flag(folder / "polite")


@task(retries=3, retry_delay_seconds=LONG_SECONDS)
def fails(folder: Path) -> None:
    """Writes a line each time that it is called."""
    with (folder / "failed").open("a") as file:
        file.write("failed\n")
    raise ValueError("not yet")


@task(retries=1)
def fails_at_first(folder: Path) -> int:
    attempt = current_run().attempt
    if attempt == 1:
        raise ValueError("not yet")
    (folder / "second").touch()
    wait_for(folder / "second.go")
    return attempt


@task
def hash_in_c(folder: Path, seconds: float) -> str:
    return works.hash_in_c(folder / "hash_in_c", seconds)


@task(may_exit=True)
def may_be_left(folder: Path) -> str:
    """In C for longer than anybody waits, and its process may be ended for it."""
    return works.hash_in_c(folder / "may_be_left", LONG_SECONDS)


@task
def swallow(folder: Path, times: int) -> str:
    return works.swallow(folder / "swallow", times)


@task(retries=2)
def hangs(folder: Path) -> str:
    return works.swallow_all(folder / "hangs")


@task
def comes_after(folder: Path) -> str:
    return folder.name


@task(retries=2)
def gives_up() -> None:
    raise Cancelled


@task
def swallow_all(folder: Path) -> str:
    return works.swallow_all(folder / "swallow_all")


@task
def deaf(folder: Path) -> None:
    """Ignores what can be ignored, and has a family that tries to get away."""
    start_a_family(folder)
    works.ignore_sigterm(folder / "deaf")


@task
def deaf_in_a_thread(folder: Path) -> None:
    """The same where no signal can be ignored, since none comes."""
    start_a_family(folder)
    works.swallow_all(folder / "deaf")


def start_a_family(folder: Path) -> None:
    tag = str(folder)
    sleeper = [sys.executable, "-c", "import time; time.sleep(120)", tag]
    subprocess.Popen(sleeper)
    subprocess.Popen(["setsid", *sleeper])
    subprocess.Popen([sys.executable, "-c", works.DEAF, str(folder / "deaf-child")])
    subprocess.run([sys.executable, "-c", works.DAEMON, str(folder / "daemon")], check=True)


@flow
def one_that_sleeps(folder: Path) -> None:
    nap.submit(folder).result()


@flow
def one_that_retries(folder: Path) -> None:
    fails.submit(folder).result()


@flow
def one_that_fails_at_first(folder: Path) -> int:
    return fails_at_first.submit(folder).result()


@flow
def one_that_returns(folder: Path) -> None:
    stubborn.submit(folder, raises=False).result()


@flow
def one_that_raises(folder: Path) -> None:
    stubborn.submit(folder, raises=True).result()


@flow
def one_that_just_ends(folder: Path) -> str:
    return folder.name


@flow
def polite_and_in_c(folder: Path) -> None:
    gives_way, in_c = polite.submit(folder), hash_in_c.submit(folder, 4.0)
    gives_way.result()
    in_c.result()


@flow
def three_on_two_threads(folder: Path) -> None:
    gives_way, in_c = polite.submit(folder), hash_in_c.submit(folder, 4.0)
    waits = nap.submit(folder)
    for future in (gives_way, in_c, waits):
        future.result()


@flow
def one_that_may_be_left(folder: Path) -> None:
    may_be_left.submit(folder).result()


@flow
def one_beside_one_that_may_not(folder: Path) -> None:
    may_be_left.submit(folder)
    stubborn.submit(folder, raises=False).result()


@flow(may_exit=True)
def a_body_in_c(folder: Path) -> None:
    works.hash_in_c(folder / "body", LONG_SECONDS)


@task
async def swallows_one(folder: Path) -> str:
    return await coroutines.swallow(folder / "swallow", 1)


@task
async def in_a_thread(folder: Path) -> str:
    """The coroutine gives way at once, what it waits for does not."""
    return await coroutines.hash_in_c(folder / "in_a_thread", 4.0)


@task
async def quick(folder: Path) -> str:
    return folder.name


@flow
async def coroutines_that_do_not_end_at_once(folder: Path) -> None:
    assert await quick.submit(folder) == folder.name
    swallowing, threaded = swallows_one.submit(folder), in_a_thread.submit(folder)
    await swallowing
    await threaded


@task(may_exit=True)
async def keeps_the_loop(folder: Path) -> str:
    """Nothing else on the loop has its turn."""
    return works.hash_in_c(folder / "keeps_the_loop", LONG_SECONDS)


@task(may_exit=True)
async def waits_for_a_thread(folder: Path) -> str:
    return await coroutines.hash_in_c(folder / "waits_for_a_thread", LONG_SECONDS)


@flow
async def coroutines_that_may_be_left(folder: Path) -> None:
    threaded = waits_for_a_thread.submit(folder)
    await asyncio.to_thread(wait_for, folder / "waits_for_a_thread")
    await keeps_the_loop.submit(folder)
    await threaded


@flow
def one_that_is_deaf(folder: Path) -> None:
    deaf.submit(folder).result()


@flow
def one_that_is_deaf_in_a_thread(folder: Path) -> None:
    deaf_in_a_thread.submit(folder).result()


@flow
def a_command(folder: Path) -> None:
    script = (
        f'sleep 120.5 & setsid sleep 120.5 & touch "$1"; trap "" INT TERM; sleep 121; : {folder}'
    )
    CommandTask(script, name="command").submit(folder / "command").result()


@flow
def one_that_swallows_two(folder: Path) -> None:
    swallow.submit(folder, 2).result()


@flow
def one_that_hangs_and_one_after_it(folder: Path) -> str:
    try:
        hangs.submit(folder).result()
    except TaskCancelledError as error:
        return f"{error.how}, and {comes_after.submit(folder).result()}"
    return "it did not hang"


@flow
def one_that_gives_up_after_its_task(folder: Path) -> None:
    """Nobody asks for that, of the one or the other."""
    try:
        gives_up.submit().result()
    except TaskCancelledError:
        comes_after.submit(folder).result()
        raise Cancelled from None


@flow
def one_that_swallows_all(folder: Path) -> None:
    swallow_all.submit(folder).result()


def main(name: str, executor: str, flow_run_id: str, folder: str, rerun_of: str = "") -> None:
    others = (flows_in_time, flows_of_many, flows_that_clean_up, flows_that_go_on)
    places = (globals(), *map(vars, others))
    chosen = next(place[name] for place in places if name in place)
    assert isinstance(chosen, Flow)
    outcome = chosen.run(
        executor_of(executor),
        params={"folder": Path(folder)},
        flow_run_id=flow_run_id,
        rerun_of=rerun_of or None,
        cancel_on=[signal.SIGTERM],
    )
    print(f"\n{outcome.state}", flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
