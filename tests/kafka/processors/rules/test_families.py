"""What partitions have to tell each other reaches them though the worker dies in between."""

from pathlib import Path

from rescind.kafka.partitions import partition_of
from tests.kafka.processors.children import children_of
from tests.kafka.processors.journal import types_of
from tests.kafka.processors.service import KEY, Service
from tests.kafka.processors.verdict import assert_at_rest_and_right

COUNT = 400


async def with_children(service: Service, parent: str, count: int) -> list[str]:
    """A parent without a body, and so many running children without any work of their own."""
    about = {"flow_run_id": parent, "runner_id": "runner-a"}
    for partition in range(service.partitions):
        service.post({"type": "runner.register", "runner_id": "runner-a"}, partition=partition)
    service.post({"type": "flow.register", **about})
    service.post({"type": "flow.start", **about})
    children = [f"{parent}-child-{number}" for number in range(count)]
    items = [{"task_run_id": c, "kind": "child", "child_flow_run_id": c} for c in children]
    service.post({"type": "task.register", **about, "items": items})
    starts = [{"task_run_id": child} for child in children]
    await service.answer_to({"type": "task.start", **about, "items": starts})
    for child in children:
        of_child = {"flow_run_id": child, "runner_id": "runner-a"}
        link = {"flow_run_id": parent, "task_run_id": child}
        service.post({"type": "flow.register", **of_child, "parent": link})
        service.post({"type": "flow.start", **of_child})
    await service.sender.flush()
    return children


def count_of(service: Service, kind: str) -> int:
    return types_of(service.journal.entries).count(kind)


async def test_every_child_of_a_cancelled_parent_ends_though_the_worker_is_killed_twice(
    service: Service, tmp_path: Path
) -> None:
    async with children_of(service, tmp_path) as workers:
        worker = workers.start(options=("--until-fenced", "--sweep-chunk", "20"))
        children = await with_children(service, "parent", COUNT)
        await service.journal.until(lambda: count_of(service, "flow.started") == COUNT + 1)
        await service.ask({"type": "flow.cancel", "flow_run_id": "parent"})
        await service.journal.until(lambda: count_of(service, "child.cancel_sent") >= 20)
        worker.kill()
        worker = workers.start(options=("--until-fenced", "--sweep-chunk", "20"))
        before = count_of(service, "child.finished")
        await service.journal.until(lambda: count_of(service, "child.finished") >= before + 20)
        worker.kill()
        assert count_of(service, "child.finished") < COUNT
        workers.start()
        await service.journal.until(
            lambda: types_of(service.journal.about("parent"))[-1] == "flow.cancelled"
        )
        await assert_at_rest_and_right(service)
    for child in children:
        kinds = types_of(service.journal.about(child))
        assert kinds.count("flow.cancelled") == kinds.count("child.end_sent") == 1
    about_parent = types_of(service.journal.about("parent"))
    assert about_parent.count("child.cancel_sent") <= COUNT
    assert about_parent.count("child.finished") == COUNT


async def test_a_parent_is_not_left_waiting_for_what_is_no_child_of_it(service: Service) -> None:
    names = (f"other-{number}" for number in range(1000))
    other = next(n for n in names if partition_of(n, 2) != service.partition_of("parent"))
    async with service.worker():
        await service.begin(other)
        await service.begin("parent")
        about = {"flow_run_id": "parent", "runner_id": "runner-a"}
        item = {"task_run_id": "t", "kind": "child", "child_flow_run_id": other}
        await service.answer_to({"type": "task.register", **about, "items": [item]})
        await service.answer_to({"type": "task.start", **about, "items": [{"task_run_id": "t"}]})
        await service.ask({"type": "flow.cancel", "flow_run_id": "parent"})
        ended = {"task_run_id": "body", "end": "cancelled"}
        await service.ask({"type": "task.finish", **about, "items": [ended]})
        await service.journal.until(
            lambda: types_of(service.journal.about("parent"))[-1] == "flow.cancelled"
        )
        # It is somebody else's flow run, and goes on.
        assert "flow.cancelling" not in types_of(service.journal.about(other))
        await assert_at_rest_and_right(service)


async def test_a_childs_end_is_told_though_its_parents_partition_is_served_later(
    service: Service,
) -> None:
    names = (f"child-{number}" for number in range(1000))
    here = service.partition_of("parent")
    child = next(n for n in names if service.partition_of(n) != here)
    async with service.worker():
        await service.begin("parent")
        about = {"flow_run_id": "parent", "runner_id": "runner-a"}
        item = {"task_run_id": "t", "kind": "child", "child_flow_run_id": child}
        await service.answer_to({"type": "task.register", **about, "items": [item]})
        await service.answer_to({"type": "task.start", **about, "items": [{"task_run_id": "t"}]})
        link = {"flow_run_id": "parent", "task_run_id": "t"}
        of_child = {"flow_run_id": child, "parent": link}
        await service.answer_to({"type": "flow.register", **of_child})
    async with service.worker(1 - here):
        await service.ask({"type": "flow.cancel", "flow_run_id": child}, signed_by=KEY)
        await service.journal.until(
            lambda: "child.end_sent" in types_of(service.journal.about(child))
        )
        assert "child.finished" not in types_of(service.journal.about("parent"))
    async with service.worker():
        await service.journal.until(
            lambda: "child.finished" in types_of(service.journal.about("parent"))
        )
        await assert_at_rest_and_right(service)
