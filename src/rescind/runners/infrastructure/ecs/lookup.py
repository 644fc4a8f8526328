"""What ECS says of a task that is meant: that task, nothing, or that it is not the one.

ECS is eventually consistent: what one call has made may be unknown to the next for a moment. And it
is throttled, so a look asks for as little as it can.

`ListTasks` takes ``startedBy`` as its only filter, and lists by that what is to run. What has
stopped, or is about to, is listed by its family, and the mark is looked for in the descriptions.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rescind.errors import NotMatchingError, UnavailableError
from rescind.runners.infrastructure.ecs.failures import failures
from rescind.runners.infrastructure.ecs.identity import TaskIdentity, check_mark, has_mark

if TYPE_CHECKING:
    from types_boto3_ecs import ECSClient
    from types_boto3_ecs.type_defs import (
        ListTasksRequestPaginateTypeDef,
        TaskDefinitionTypeDef,
        TaskTypeDef,
    )

__all__ = ["definition", "find"]

# A page has at most 100 tasks, and ECS forgets them about an hour after their end.
_PAGES_MAX: Final = 50


def find(ecs: "ECSClient", identity: TaskIdentity) -> "TaskTypeDef | None":
    """The task; None: ECS knows none with that mark, or has forgotten it.

    Raises `NotMatchingError`: it was started by somebody else, or more than one claim to be it, or
    there is no such cluster.
    """
    found = _described(ecs, identity, [identity.task]) if identity.task else []
    # Of an ARN that is unknown nothing follows for the mark.
    found = found or list(_running(ecs, identity))
    # After that one: a task moves from there to here, and never back.
    found = found or [task for task in _stopped(ecs, identity) if has_mark(identity, task)]
    if len(found) > 1:
        raise NotMatchingError(identity.named, f"{len(found)} tasks carry its mark")
    for task in found:
        check_mark(identity, task)
    return found[0] if found else None


def definition(
    ecs: "ECSClient", what: str, name: str, *, not_started: bool = False
) -> "TaskDefinitionTypeDef":
    with failures(what, not_started=not_started):
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


def _running(ecs: "ECSClient", identity: TaskIdentity) -> "Iterator[TaskTypeDef]":
    return _listed(ecs, identity, {"cluster": identity.cluster, "startedBy": identity.started_by})


def _stopped(ecs: "ECSClient", identity: TaskIdentity) -> "Iterator[TaskTypeDef]":
    """Of any mark."""
    return _listed(
        ecs,
        identity,
        {"cluster": identity.cluster, "family": identity.family, "desiredStatus": "STOPPED"},
    )


def _listed(
    ecs: "ECSClient", identity: TaskIdentity, asked: "ListTasksRequestPaginateTypeDef"
) -> "Iterator[TaskTypeDef]":
    """Raises `UnavailableError`: they are too many to be looked through, so nothing is known."""
    with failures(identity.named):
        # A page may be empty and not the last one.
        for number, page in enumerate(ecs.get_paginator("list_tasks").paginate(**asked)):
            if number == _PAGES_MAX:
                why = f"more than {_PAGES_MAX} pages of tasks are listed where it may be"
                raise UnavailableError(identity.named, why)
            yield from _described(ecs, identity, page["taskArns"])
