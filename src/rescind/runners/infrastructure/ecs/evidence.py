"""What the description of a task says of its end.

The exit code is the container's, if ECS has one: 137 is SIGKILL. A task that is stopped before its
container has begun has none, and an emulator says 0 of all that it has stopped. So `terminated` is
what the backend says. That the task is STOPPED is what counts.
"""

from typing import TYPE_CHECKING, Final, Literal

from pydantic import JsonValue

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import ContainerTypeDef, TaskTypeDef

__all__ = ["facts", "has_stopped", "how", "is_stopping", "own_exit_code", "why_not_begun"]

_KILLED: Final = 137


def has_stopped(task: "TaskTypeDef") -> bool:
    """Nothing of it runs: later than its containers, when also its network is taken away."""
    return task.get("lastStatus") == "STOPPED"


def is_stopping(task: "TaskTypeDef") -> bool:
    return task.get("desiredStatus") == "STOPPED"


def own_exit_code(task: "TaskTypeDef", container: str) -> int | None:
    """By which it has said how it ended; a 0 of one that was stopped may be the backend's word."""
    code = _exit_code(task, container)
    return None if code == 0 and task.get("stopCode") != "EssentialContainerExited" else code


def how(task: "TaskTypeDef", container: str) -> Literal["terminated", "killed"]:
    """Of a task that was asked to stop. Without a code it is not claimed that it gave way."""
    return "killed" if _exit_code(task, container) in {None, _KILLED} else "terminated"


def why_not_begun(task: "TaskTypeDef") -> str:
    """Of a task that has stopped before its container ran: no image, no network, no secret."""
    return task.get("stoppedReason", "") if task.get("stopCode") == "TaskFailedToStart" else ""


def facts(task: "TaskTypeDef", container: str) -> dict[str, JsonValue]:
    stopped_at = task.get("stoppedAt")
    return {
        "task": task.get("taskArn"),
        "stop_code": task.get("stopCode"),
        "stopped_reason": task.get("stoppedReason"),
        "stopped_at": None if stopped_at is None else stopped_at.isoformat(),
        "exit_code": _exit_code(task, container),
        # Such as OutOfMemoryError.
        "container_reason": _container(task, container).get("reason"),
    }


def _exit_code(task: "TaskTypeDef", container: str) -> int | None:
    return _container(task, container).get("exitCode")


def _container(task: "TaskTypeDef", name: str) -> "ContainerTypeDef":
    for container in task.get("containers", []):
        if container.get("name") == name:
            return container
    return {}
