"""What ECS says of a task that is meant: that task, nothing, or that it is not the one.

ECS is eventually consistent: what one call has made may be unknown to the next for a moment. And it
is throttled, so a look asks for as little as it can.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rescind.errors import NotMatchingError, UnavailableError
from rescind.runners.infrastructure.ecs.failures import failures
from rescind.runners.infrastructure.ecs.identity import TaskIdentity, check_mark

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient
    from types_boto3_ecs.type_defs import TaskDefinitionTypeDef, TaskTypeDef

__all__ = ["definition", "find"]


def find(ecs: "ECSClient", identity: TaskIdentity) -> "TaskTypeDef | None":
    """The task; None: ECS knows none with that mark, or has forgotten it.

    Raises `NotMatchingError`: it was started by somebody else, or more than one claim to be it, or
    there is no such cluster.
    """
    found = _described(ecs, identity, [identity.task]) if identity.task else []
    # Of an ARN that is unknown nothing follows for the mark.
    found = found or _described(ecs, identity, list(dict.fromkeys(_listed(ecs, identity))))
    if len(found) > 1:
        raise NotMatchingError(identity.named, f"{len(found)} tasks carry its mark")
    for task in found:
        check_mark(identity, task)
    return found[0] if found else None


def definition(ecs: "ECSClient", what: str, name: str) -> "TaskDefinitionTypeDef":
    with failures(what, not_started=True):
        return ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]


def _described(
    ecs: "ECSClient", identity: TaskIdentity, arns: Sequence[str]
) -> "list[TaskTypeDef]":
    if not arns:
        return []
    with failures(identity.named):
        answer = ecs.describe_tasks(cluster=identity.cluster, tasks=arns, include=["TAGS"])
    reasons = {each.get("reason", "") for each in answer["failures"]} - {"MISSING"}
    if reasons:
        raise UnavailableError(identity.named, f"ECS says {', '.join(sorted(reasons))}")
    return answer["tasks"]


def _listed(ecs: "ECSClient", identity: TaskIdentity) -> Iterator[str]:
    """Those that are to run, and then those that have stopped or are about to.

    One that stops in between is in both.
    """
    pages = ecs.get_paginator("list_tasks")
    for desired in ("RUNNING", "STOPPED"):
        with failures(identity.named):
            # A page may be empty and not the last one.
            for page in pages.paginate(
                cluster=identity.cluster,
                startedBy=identity.started_by,
                desiredStatus=desired,
            ):
                yield from page["taskArns"]
