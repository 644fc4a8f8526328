"""Words of ECS about one task, and what it is asked about it."""

from typing import Any

from rescind.events.words import Handle
from rescind.runners.infrastructure.deployment import EcsDeployment
from tests.unit.runners.infrastructure.ecs.aws import CLUSTER, SCOPE, TASK, Aws

__all__ = ["HANDLE", "MADE", "MARK", "TAGS", "defined", "described", "ended", "runs", "task"]

MARK = "0123456789abcdef" * 2
HANDLE = Handle(
    kind="ecs",
    scope=SCOPE,
    # As the flow runner in the task has it, where it could not learn its ARN.
    identity={"mark": MARK, "cluster": CLUSTER, "container": "runner", "family": "flows"},
    exclusive_to="f",
)
MADE = EcsDeployment(
    cluster=CLUSTER,
    task_definition="flows:3",
    container="runner",
    subnets=["subnet-1", "subnet-2"],
    security_groups=["sg-1"],
    environment={"TZ": "UTC"},
)
TAGS = [{"key": "rescind.mark", "value": MARK}, {"key": "rescind.flow_run_id", "value": "f"}]


def task(status: str = "RUNNING", **more: Any) -> dict[str, Any]:
    return {
        "taskArn": TASK,
        "taskDefinitionArn": "flows:3",
        "lastStatus": status,
        "desiredStatus": "STOPPED" if status == "STOPPED" else "RUNNING",
        "startedBy": f"rsc-{MARK}",
        "tags": TAGS,
        "containers": [{"name": "sidecar", "exitCode": 0}, {"name": "runner"}],
        **more,
    }


def ended(code: int | None, **more: Any) -> dict[str, Any]:
    return task("STOPPED", containers=[{"name": "runner", "exitCode": code}], tags=[], **more)


def described(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"tasks": list(tasks), "failures": []}


def runs(aws: Aws, *descriptions: dict[str, Any]) -> None:
    """ECS knows the task by its mark, and describes it so, one look after the other."""
    has_stopped = descriptions[0]["desiredStatus"] == "STOPPED"
    aws.lists(running=() if has_stopped else [TASK], stopped=[[TASK] if has_stopped else []])
    aws.says("DescribeTasks", *[described(each) for each in descriptions])
    aws.says("StopTask", {"task": descriptions[0]})


def defined(**container: Any) -> dict[str, Any]:
    return {"taskDefinition": {"containerDefinitions": [{"name": "runner", **container}]}}
