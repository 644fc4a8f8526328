"""Task runs to make requests about: registered, started and ended, of some flow runs."""

from collections.abc import Iterator
from random import Random

from benchmarks.load.requests import Requests, some_id
from rescind.events.requests.base import ITEMS_MAX
from rescind.kafka.records import OutRecord

__all__ = ["OneFlow", "TaskRuns", "task_runs"]

FLOWS = 100
RUNNERS = 8


class TaskRuns:
    """So many task runs in flow runs of some runners.

    Requests of the same kind and size come in an order in which neighbours lie in different
    partitions, as those of many runners do.
    """

    def __init__(self, requests: Requests, count: int) -> None:
        self._requests = requests
        chance = requests.chance
        self._runners = [some_id(chance) for _ in range(RUNNERS)]
        self._flows = requests.flow_ids(FLOWS)
        self._runner_of = {flow: self._runners[n % RUNNERS] for n, flow in enumerate(self._flows)}
        self._tasks = [(self._flows[n % FLOWS], some_id(chance)) for n in range(count)]

    def beginning(self) -> list[OutRecord]:
        """The runners, and the flow runs with their bodies."""
        said = [r for runner in self._runners for r in self._requests.register_runner(runner)]
        for flow, runner in self._runner_of.items():
            said += self._requests.begin_flow(flow, runner)
        return said

    def starting(self, items: int) -> list[OutRecord]:
        """All registrations, and then all starts, so many in one request."""
        make, groups = self._requests, self._groups(items)
        registered = [make.register_tasks(f, self._runner_of[f], tasks) for f, tasks in groups]
        started = [make.start_tasks(f, self._runner_of[f], tasks) for f, tasks in groups]
        return registered + started

    def finishing(self, items: int) -> list[OutRecord]:
        """All ends, so many in one request."""
        return [
            self._requests.finish_tasks(flow, self._runner_of[flow], tasks)
            for flow, tasks in self._groups(items)
        ]

    def one_after_the_other(self) -> Iterator[OutRecord]:
        """Each task run's registration and then its start, one item in a request."""
        for flow, task in self._tasks:
            yield self._requests.register_tasks(flow, self._runner_of[flow], [task])
            yield self._requests.start_tasks(flow, self._runner_of[flow], [task])

    def _groups(self, items: int) -> list[tuple[str, list[str]]]:
        if items == 1:
            return [(flow, [task]) for flow, task in self._tasks]
        by_flow: dict[str, list[str]] = {}
        for flow, task in self._tasks:
            by_flow.setdefault(flow, []).append(task)
        return [
            (flow, tasks[n : n + items])
            for n in range(0, max(map(len, by_flow.values())), items)
            for flow, tasks in by_flow.items()
            if tasks[n : n + items]
        ]


class OneFlow:
    """One flow run with its body and many task runs, as many on each of its runners.

    Its requests have `items` at most: if not said otherwise, as many as a request may have.
    """

    def __init__(
        self, requests: Requests, runners: int, tasks: int, items: int = ITEMS_MAX
    ) -> None:
        chance = requests.chance
        self._items = items
        self._requests = requests
        (self.id,) = requests.flow_ids(1)
        self.runners = [some_id(chance) for _ in range(runners)]
        self._tasks = [some_id(chance) for _ in range(tasks)]

    @property
    def owner(self) -> str:
        """The runner that has started the flow run and holds its body."""
        return self.runners[0]

    def registering(self) -> Iterator[OutRecord]:
        """The runners, the flow run with its body, and all task runs."""
        for runner in self.runners:
            yield from self._requests.register_runner(runner)
        yield from self._requests.begin_flow(self.id, self.owner)
        for tasks in batched(self._tasks, ITEMS_MAX):
            yield self._requests.register_tasks(self.id, self.owner, tasks)

    def starting(self) -> Iterator[OutRecord]:
        """A start of each task run by its runner."""
        for runner, tasks in self._shares():
            for chunk in batched(tasks, self._items):
                yield self._requests.start_tasks(self.id, runner, chunk)

    def acknowledging(self, cancellation_id: str) -> Iterator[OutRecord]:
        """What each runner says of a cancellation: all that it holds, in chunks."""
        said = self._requests.acknowledge
        for runner, tasks in self._shares():
            chunks = batched(self._held(runner, tasks), self._items)
            for number, chunk in enumerate(chunks, 1):
                yield said(self.id, runner, cancellation_id, chunk, (number, len(chunks)))

    def ending(self) -> Iterator[OutRecord]:
        """A report from each runner that everything has stopped, the body too."""
        for runner, tasks in self._shares():
            for chunk in batched(self._held(runner, tasks), self._items):
                yield self._requests.finish_tasks(self.id, runner, chunk, "cancelled")

    def _shares(self) -> Iterator[tuple[str, list[str]]]:
        for number, runner in enumerate(self.runners):
            yield runner, self._tasks[number :: len(self.runners)]

    def _held(self, runner: str, tasks: list[str]) -> list[str]:
        return ["body", *tasks] if runner == self.owner else tasks


def batched(tasks: list[str], items: int) -> list[list[str]]:
    return [tasks[first : first + items] for first in range(0, len(tasks), items)]


def task_runs(requests: Requests, count: int, seed: int) -> TaskRuns:
    """The same ones in every process that asks with the same seed."""
    again = Requests(requests.names, requests.partitions, Random(seed))
    return TaskRuns(again, count)
