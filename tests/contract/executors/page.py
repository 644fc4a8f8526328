"""The reference page of the executors, made from what they declare and from what is tested of it.

`make schema` writes it. Each cell names the test that would fail if it were not so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rescind.runners.executors import Executor, Rung
from tests.contract.executors.kinds import KINDS, SITUATIONS, Kind

__all__ = ["PAGE", "Cell", "cells", "page"]

PAGE: Final = "docs/reference/executors.md"

_HEAD: Final = """<!-- Made by `make schema` from the executors and their contract; edit those. -->

# What cancelling does with each executor

An executor declares what it can do about work, and the page of a flow run and `can-cancel` say so
before anyone clicks Cancel. One suite of tests, `tests/contract/executors`, holds each of them to
it with real processes, threads and clusters, also to what it cannot do. Each row names its test.

A rung is a step of the ladder: the flag at once (`current_run().is_cancelling()` is true), the
interrupt at once and again each second (`rescind.Cancelled` is raised in the task), terminate
(SIGTERM) at half the grace, kill at its end. An executor takes those that it has. A shell command
(`CommandTask`) is interrupted, terminated and killed with all that it has started in every one of
them: it always runs on the machine of its flow runner.

"""

_NAMES: Final = {
    "local": "`LocalExecutor()`: in the main thread",
    "threads": "`ThreadExecutor()`: in threads",
    "threads-with-exceptions": "`ThreadExecutor(asynchronous_exceptions=True)`",
    "asyncio": "`AsyncExecutor()`: coroutines on one event loop",
    "processes": "`ProcessExecutor(use_cgroup=False)`: a process tree for each task",
    "processes-in-cgroups": "`ProcessExecutor()`: the same, in a cgroup where one can be made",
    "dask": "`DaskExecutor()`: a Dask cluster of its own on this machine",
    "dask-of-others": "`DaskExecutor(address=...)`: a Dask cluster that is there",
}

_SITUATIONS: Final = {
    "sleep": "sleeps",
    "cpu_loop": "is in a loop of Python",
    "lock_wait": "waits for a lock",
    "socket_recv": "waits for a socket",
    "subprocess": "waits for a process that it has started",
    "c_blocked": "is in a long call into C",
}

_BY_RUNGS: Final = (
    "test_a_rung_that_an_executor_has_ends_sleeping_work_and_one_that_it_lacks_is_said_so"
)
_STOPPED: Final = "test_running_work_is_stopped_by_the_rung_that_the_table_names"
_WAITED_FOR: Final = "test_scenario_38_what_cannot_be_stopped_is_said_so_and_waited_for"


@dataclass(frozen=True, slots=True)
class Cell:
    """What is said of one executor, and the test that holds it, as pytest names it."""

    about: str
    says: str
    module: str
    test: str

    @property
    def test_id(self) -> str:
        return f"{self.module}.py::{self.test}"


def page() -> str:
    """The whole page, as it must be in the repository."""
    return _HEAD + _overview() + "\n" + "\n".join(_section(kind) for kind in KINDS)


def cells(kind: Kind) -> Iterator[Cell]:
    """What is said of this executor."""
    executor = kind.make()
    can = executor.capabilities
    module = "test_cancelling"
    pending = "never begins" if can.can_stop_pending else "may begin"
    name = "test_pending_work_never_begins_once_it_is_cancelled"
    yield Cell("what has not begun", pending, module, f"{name}[{kind.name}-flag]")
    for rung in Rung:
        has_it = "yes" if rung in executor.rungs else "no, and that is said"
        yield Cell(f"rung `{rung}`", has_it, module, f"{_BY_RUNGS}[{kind.name}-{rung}]")
    for situation in SITUATIONS:
        by = kind.stopped_by.get(situation)
        says = f"ended by `{by}`" if by else "runs to its end, which is waited for and kept"
        test = _STOPPED if by else _WAITED_FOR
        about = f"a task that {_SITUATIONS[situation]}"
        yield Cell(about, says, module, f"{test}[{kind.name}-{situation}]")
    name = "test_work_that_cooperates_keeps_its_real_end"
    yield Cell("a task that looks at its flag", "keeps its end", module, f"{name}[{kind.name}]")
    name = "test_a_command_is_stopped_with_all_that_it_started_in_every_executor"
    yield Cell("a command", "killed with its tree", module, f"{name}[{kind.name}-kill]")
    yield from _survivors(kind, executor)


def _survivors(kind: Kind, executor: Executor) -> Iterator[Cell]:
    """What may still run: one test each that meets it, or one that finds nothing."""
    says = executor.capabilities.survivors
    about = "what may still run"
    if kind.has_processes:
        name = f"test_scenario_39_no_grandchild_survives_a_cancel[{kind.name}-kill]"
        yield Cell(about, says, "test_trees", name)
    elif kind.name == "dask":
        name = "test_a_kill_ends_a_worker_of_our_own_with_all_that_it_started_and_no_other"
        yield Cell(about, says, "test_dask", name)
        name = "test_what_a_finished_task_left_on_a_worker_of_our_own_ends_with_the_cluster"
        yield Cell("what a finished task left behind", "ends with the cluster", "test_dask", name)
    else:
        situation = "c_blocked" if "c_blocked" not in kind.stopped_by else "sleep"
        name = f"{_WAITED_FOR}[{kind.name}-{situation}]"
        yield Cell(about, says, "test_cancelling", name)
    if kind.on_a_foreign_cluster:
        yield from _on_a_foreign_cluster()


def _on_a_foreign_cluster() -> Iterator[Cell]:
    name = "test_where_that_is_allowed_a_kill_restarts_the_worker_of_that_attempt_alone"
    says = "its nanny restarts the worker of that attempt, and of no other"
    yield Cell("rung `kill`, with `restart_workers=True`", says, "test_dask_of_others", name)
    name = "test_a_worker_on_which_other_work_runs_is_not_restarted"
    says = "not restarted, and that is said"
    yield Cell("the same, where other work runs on that worker", says, "test_dask_of_others", name)
    name = "test_scenario_41_what_waits_in_dask_never_begins_and_others_work_is_untouched"
    yield Cell("work of others", "untouched", "test_dask_of_others", name)
    name = "test_what_dask_begins_again_because_a_worker_was_lost_does_not_run_twice"
    says = "`Failed.Crashed`, unconfirmed; it is not begun again"
    yield Cell("a task whose worker is lost", says, "test_dask_of_others", name)


def _overview() -> str:
    lines = ["| executor | rungs | ends a task in C |", "|---|---|---|"]
    for kind in KINDS:
        rungs = ", ".join(f"`{rung}`" for rung in kind.make().rungs)
        in_c = kind.stopped_by.get("c_blocked")
        says = f"by `{in_c}`" if in_c else "no: it is waited for"
        lines.append(f"| {_NAMES[kind.name]} | {rungs} | {says} |")
    return "\n".join(lines) + "\n"


def _section(kind: Kind) -> str:
    lines = [f"## {_NAMES[kind.name]}", "", "| | | held by |", "|---|---|---|"]
    lines += [
        f"| {cell.about} | {cell.says} | `{cell.module}::{cell.test}` |" for cell in cells(kind)
    ]
    return "\n".join(lines) + "\n"
