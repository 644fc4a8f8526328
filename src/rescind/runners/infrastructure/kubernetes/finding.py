"""What there is of a Job that a handle means: by its mark, in its namespace, and nowhere else.

The pods are asked for first. A Job is made before its pod, and taken away before it: so where there
are no pods, the answer that comes later says if there is one to come, or if one is missing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import JsonValue

from rescind.errors import NotMatchingError
from rescind.events.words import Handle
from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from rescind.runners.infrastructure.kubernetes.manifest import FLOW_RUN_ANNOTATION, MARK_LABEL
from rescind.runners.infrastructure.kubernetes.pods import Pod

__all__ = ["KIND", "Found", "Meant", "find", "jobs_path", "pods_path", "secrets_path"]

KIND: Final = "kubernetes"
_MARK: Final = re.compile(r"[0-9a-f]{32}")
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_HAD_PODS: Final = ("active", "succeeded", "failed", "terminating")


def jobs_path(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def pods_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def secrets_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/secrets"


@dataclass(frozen=True, slots=True)
class Meant:
    """What a handle says. It came over Kafka: what becomes part of a path is checked."""

    mark: str
    namespace: str
    job: str
    flow_run_id: str

    @classmethod
    def of(cls, handle: Handle, scope: str) -> Self:
        """Raises `NotMatchingError`: it is of another cluster, or says nothing."""
        what = f"Job {handle.identity.get('job')}"
        if (handle.kind, handle.scope) != (KIND, scope):
            raise NotMatchingError(what, f"it is a {handle.kind} in {handle.scope}")
        told: dict[str, str] = {}
        for key, pattern in {"mark": _MARK, "namespace": _NAME, "job": _NAME}.items():
            value = handle.identity.get(key)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise NotMatchingError(what, f"its identity has no fitting {key!r}")
            told[key] = value
        return cls(**told, flow_run_id=handle.exclusive_to or "")

    @property
    def what(self) -> str:
        return f"Job {self.namespace}/{self.job}"

    def facts(self) -> dict[str, JsonValue]:
        """For a report."""
        return {"namespace": self.namespace, "job": self.job}


@dataclass(frozen=True, slots=True)
class Found:
    """The Job, and its pods: one, as long as nobody else makes more of it."""

    job: Mapping[str, Any] | None
    pods: Sequence[Pod]

    @property
    def is_nothing(self) -> bool:
        return self.job is None and not self.pods

    @property
    def has_ended(self) -> bool:
        """Whether that was seen. Of a Job without a pod nothing was."""
        return bool(self.pods) and all(pod.has_ended for pod in self.pods)

    @property
    def was_taken_away(self) -> bool:
        """Whether there was a pod, and nobody of us has let it go."""
        if self.job is None or self.pods:
            return False
        status = self.job.get("status", {})
        return any(status.get(key) for key in _HAD_PODS)

    @property
    def exit_code(self) -> int | None:
        codes = [pod.exit_code for pod in self.pods if pod.exit_code is not None]
        return max(codes, default=None)

    def facts(self) -> dict[str, JsonValue]:
        """For a report."""
        if not self.pods:
            return {"never_ran": True}
        first, *others = self.pods
        more: dict[str, JsonValue] = {"more_pods": [pod.facts() for pod in others]}
        return {**first.facts(), **(more if others else {})}


def find(cluster: Cluster, meant: Meant) -> Found:
    """Look now. Raises `NotMatchingError`: more than one Job has the mark."""
    pods = _pods(cluster, meant)
    jobs = _of_it(cluster.get(meant.what, jobs_path(meant.namespace), **_marked(meant)), meant)
    if len(jobs) > 1:
        raise NotMatchingError(meant.what, f"{len(jobs)} Jobs carry its mark")
    job = jobs[0] if jobs else None
    # It may have come between the two answers.
    return Found(job, pods if pods or job is None else _pods(cluster, meant))


def _pods(cluster: Cluster, meant: Meant) -> list[Pod]:
    listed = cluster.get(meant.what, pods_path(meant.namespace), **_marked(meant))
    return [Pod.seen(raw) for raw in _of_it(listed, meant)]


def _marked(meant: Meant) -> dict[str, str]:
    return {"labelSelector": f"{MARK_LABEL}={meant.mark}"}


def _of_it(listed: Mapping[str, Any], meant: Meant) -> list[Mapping[str, Any]]:
    return [
        each
        for each in listed["items"]
        if each["metadata"].get("annotations", {}).get(FLOW_RUN_ANNOTATION) == meant.flow_run_id
    ]
