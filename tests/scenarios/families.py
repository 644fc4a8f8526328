"""Parents and children, as an engine of their own begins them."""

from rescind.runners.client import CascadePolicy, ParentLink, Run, RunnerClient
from tests.scenarios.harness import Scene
from tests.waiting import until

__all__ = ["begin_child", "begin_family", "told"]


async def begin_child(
    runner: RunnerClient, scene: Scene, parent: Run, name: str, cascade: CascadePolicy
) -> Run:
    """A running child of this parent, with a body, in another partition."""
    link = ParentLink(flow_run_id=parent.flow_run_id, task_run_id=name)
    child = scene.elsewhere(parent.flow_run_id, name)
    run = await runner.register_flow(
        name, flow_run_id=child, parent=link, cascade=cascade, body="body"
    )
    assert run.not_started is None
    return run


async def begin_family(
    runner: RunnerClient, scene: Scene, cascade: CascadePolicy
) -> tuple[Run, Run]:
    """A running parent with a body, and its only child, registered as `child`."""
    parent = await runner.register_flow("parent", flow_run_id=scene.named("p"), body="body")
    return parent, await begin_child(runner, scene, parent, "child", cascade)


async def told(run: Run) -> None:
    """Wait until its runner has read that it is to be stopped."""
    await until(lambda: run.cancellation is not None, within_seconds=60)
