"""What is seen of a pod: whether the process in it has ended, and how.

A pod has ended when its kubelet has said that of the container. That alone is a witness: the
kubelet is where the process is. A phase is also written by others, who say `Failed` of every pod of
a node that they do not hear.

What never began has no such end. That is known of a pod that was given to no node and is deleted:
it is given to none any more. And of one whose kubelet has brought it to its end, and has not found
the container then (`ContainerStatusUnknown`, exit code 137). If it had one before, it says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import JsonValue

from rescind.runners.infrastructure.kubernetes.manifest import CONTAINER, FINALIZER

__all__ = ["Pod"]

_KILLED = 137  # 128 and SIGKILL.


@dataclass(frozen=True, slots=True)
class Pod:
    """One, as the server has shown it.

    Attributes:
        is_held: it has our finalizer, and so stays until that is taken away.
        ended: what the kubelet says of the end of its container; None: it has not ended.
        waits_for: why it has not begun, in words of the kubelet's or the scheduler's.

    """

    name: str
    uid: str
    node: str | None
    is_deleted: bool
    is_held: bool
    has_begun: bool
    ended: Mapping[str, Any] | None
    never_ran: bool
    waits_for: str
    grace_seconds: int

    @classmethod
    def seen(cls, raw: Mapping[str, Any]) -> Self:
        meta, spec, status = raw["metadata"], raw["spec"], raw.get("status", {})
        container = _container(status.get("containerStatuses") or [])
        state: Mapping[str, Any] = container.get("state", {})
        is_deleted = "deletionTimestamp" in meta
        ended = None if _was_never_found(container) else state.get("terminated")
        never_ran = "running" not in state and (
            ("nodeName" not in spec and is_deleted) or _was_given_up(status)
        )
        return cls(
            name=meta["name"],
            uid=meta["uid"],
            node=spec.get("nodeName"),
            is_deleted=is_deleted,
            is_held=FINALIZER in meta.get("finalizers", []),
            has_begun=bool(state.keys() & {"running", "terminated"}),
            ended=ended,
            never_ran=ended is None and never_ran,
            waits_for=_reason(state.get("waiting") or _unscheduled(status)),
            grace_seconds=int(spec.get("terminationGracePeriodSeconds") or 0),
        )

    @property
    def has_ended(self) -> bool:
        return self.ended is not None or self.never_ran

    @property
    def exit_code(self) -> int | None:
        return None if self.ended is None else int(self.ended["exitCode"])

    @property
    def was_killed(self) -> bool:
        return self.exit_code == _KILLED

    @property
    def ended_by(self) -> str:
        """What the kubelet says beside the exit code: `StartError`, `OOMKilled`, and why."""
        ended = self.ended or {}
        return "" if ended.get("reason") in {None, "Completed", "Error"} else _reason(ended)

    def facts(self) -> dict[str, JsonValue]:
        """For a report."""
        facts: dict[str, JsonValue] = {"pod": self.name, "node": self.node}
        if self.ended is None:
            return {**facts, "never_ran": self.never_ran}
        told = {
            "exit_code": self.exit_code,
            "signal": self.ended.get("signal"),
            "reason": self.ended.get("reason"),
            "finished_at": self.ended.get("finishedAt"),
        }
        return {**facts, **{key: value for key, value in told.items() if value is not None}}


def _container(statuses: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Ours: others may have been put beside it, and hold nothing of the flow run."""
    for each in statuses:
        if each["name"] == CONTAINER:
            return each
    return {}


def _was_never_found(container: Mapping[str, Any]) -> bool:
    ended: Mapping[str, Any] = container.get("state", {}).get("terminated") or {}
    was_there = "terminated" in container.get("lastState", {})
    return not was_there and str(ended.get("reason")) == "ContainerStatusUnknown"


def _was_given_up(status: Mapping[str, Any]) -> bool:
    """Whether its kubelet, and nobody else, has brought it to an end."""
    by_others = any(
        each["type"] == "DisruptionTarget" and each.get("reason") == "DeletionByPodGC"
        for each in status.get("conditions", [])
    )
    return status.get("phase") in {"Failed", "Succeeded"} and not by_others


def _unscheduled(status: Mapping[str, Any]) -> Mapping[str, Any]:
    conditions: Sequence[Mapping[str, Any]] = status.get("conditions", [])
    for each in conditions:
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return each
    return {}


def _reason(said: Mapping[str, Any]) -> str:
    told = [str(said[key]) for key in ("reason", "message") if said.get(key)]
    return " ".join(": ".join(told).split())[:300]
