"""A job is ended by its handle alone, and what is said of that is what the process table shows."""

import asyncio
import os
import signal

import pytest

from rescind.runners.executors.processtree.identity import Process
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.process import ProcessIdentity, ProcessInfrastructure
from tests.contract.infrastructure.places import SHELL, Place, closed
from tests.waiting import until

# What a flow runner is for these: it ends soon after SIGTERM, or never by itself.
GIVES_WAY = "trap 'exit 3' TERM; while :; do sleep 600 & wait; done"
DEAF = "trap '' TERM; sleep 600"
LEAVES_OTHERS = "trap '' TERM; setsid sleep 601 & (setsid sleep 602 &) ; sleep 600"


async def test_49_what_gives_way_within_its_grace_is_terminated(place: Place) -> None:
    job = await place.running(GIVES_WAY)

    how, _ = await place.stop(job, 600)

    assert how == "terminated"
    assert place.processes(job) == []


async def test_49_what_has_no_handler_of_its_own_gives_way_as_well(place: Place) -> None:
    # As the first process of a container it would not be sent the signal at all.
    job = await place.running("exec sleep 600")

    assert (await place.stop(job, 15))[0] == "terminated"


async def test_49_what_is_deaf_is_killed_when_its_grace_has_passed(place: Place) -> None:
    job = await place.running(DEAF)

    how, _ = await place.stop(job, 0.3)

    assert how in place.killed
    assert place.processes(job) == []


async def test_47_without_a_grace_it_is_killed(place: Place) -> None:
    job = await place.running(DEAF)

    assert (await place.stop(job, 0))[0] in place.killed
    assert place.processes(job) == []


async def test_49_what_is_frozen_is_killed(place: Place) -> None:
    job = await place.running(DEAF)
    for process in place.processes(job):
        os.kill(process.pid, signal.SIGSTOP)

    assert (await place.stop(job, 0.3))[0] in place.killed
    assert place.processes(job) == []


async def test_39_nothing_that_it_has_started_outlives_it(place: Place) -> None:
    job = await place.running(LEAVES_OTHERS)
    await until(lambda: [p.name for p in place.processes(job)].count("sleep") == 3)

    await place.stop(job, 0)

    assert place.processes(job) == []


async def test_52_a_job_ends_by_itself_with_its_exit_code(place: Place) -> None:
    job = place.start("exit 7")

    assert await place.ended(job) == 7
    how, _ = await place.stop(job, 30)
    assert how in {"ended", "not_found"}


async def test_a_secret_is_in_its_environment_as_what_is_none(place: Place) -> None:
    job = Job(
        flow_run_id="f",
        arguments=['exit "$PLAIN$SECRET"'],
        environment={"PLAIN": "4"},
        secrets={"SECRET": "2"},
    )

    handle = place.infrastructure.start(job)
    place.started.append(handle)

    assert await place.ended(handle) == 42


async def test_30_ended_twice_is_ended_once(place: Place) -> None:
    job = await place.running(DEAF)

    first, _ = await place.stop(job, 0)
    second, _ = await place.stop(job, 0)

    assert first in place.killed
    assert second in {"ended", "not_found"}


async def test_49_the_handle_is_enough_for_one_that_has_not_started_it(place: Place) -> None:
    job = await place.running(DEAF)
    other = place.other()

    assert other.status(job).state == "running"
    assert other.stop(job, 0).how in place.killed

    assert place.processes(job) == []
    assert other.status(job).state in {"ended", "not_found"}
    closed(other)


async def test_49_another_job_goes_on(place: Place) -> None:
    job, bystander = await place.running(DEAF), await place.running(DEAF, flow_run_id="g")
    before = place.processes(bystander)

    await place.stop(job, 0)

    assert place.processes(bystander) == before != []
    assert place.infrastructure.status(bystander).state == "running"


async def test_what_it_prints_is_shown_to_the_end(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    job = place.start("echo said; echo complained >&2")

    place.infrastructure.show(job)

    await place.ended(job)
    out, err = capfd.readouterr()
    if job.kind in {"kubernetes", "ecs"}:
        # A kubelet keeps one log of both; CloudWatch has one stream, and they come by two ways.
        assert (sorted(out.splitlines()), err) == (["complained", "said"], "")
    else:
        assert (out, err) == ("said\n", "complained\n")


async def test_51_nothing_is_left_of_what_was_cleared(place: Place) -> None:
    job = place.start("exit 0")
    await place.ended(job)

    place.infrastructure.clear(job)

    # ECS alone decides when it forgets a task.
    left = "ended" if job.kind == "ecs" else "not_found"
    other = place.other()
    assert other.status(job).state == left
    closed(other)


class EndsMeanwhile(ProcessInfrastructure):
    """A look at the table that takes as long as the job."""

    def _tree(self, meant: ProcessIdentity, known: Process | None = None) -> list[Process]:
        os.waitid(os.P_PID, meant.pid, os.WEXITED | os.WNOWAIT)
        return super()._tree(meant, known)


async def test_52_a_job_that_ends_while_it_is_looked_for_has_its_exit_code() -> None:
    infrastructure = EndsMeanwhile(SHELL)
    job = infrastructure.start(Job(flow_run_id="f", arguments=["sleep 1; exit 7"]))

    status = await asyncio.to_thread(infrastructure.status, job)

    assert (status.state, status.exit_code) == ("ended", 7)
    infrastructure.clear(job)
