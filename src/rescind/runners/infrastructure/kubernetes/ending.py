"""The end of one Job: asked for, and waited for until the kubelet has seen it.

The pod is deleted, and not the Job: the grace of a Job does not reach its pods. With `backoffLimit`
0 the Job makes no other one for it.

A kubelet that has begun to end a pod keeps to the grace of that (30 s were waited out, 1 s after
which a delete with grace 0 had come). So no grace is longer than the pod says by itself, and that
long is waited for what was asked to end before.
"""

import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from rescind.errors import StillRunningError
from rescind.runners.infrastructure.kubernetes.cluster import Cluster, GoneError
from rescind.runners.infrastructure.kubernetes.finding import (
    Found,
    Meant,
    find,
    jobs_path,
    pods_path,
)
from rescind.runners.infrastructure.kubernetes.pods import Pod

__all__ = ["Ending", "delete_job"]

_LOOK_SECONDS: Final = 0.2
# A kubelet kills after the grace, and says so: within three seconds, on a busy node later.
_KILL_SECONDS_MAX: Final = 30.0
# In which the pod still comes of a Job that is deleted just when it is to be made.
_LATE_POD_SECONDS: Final = 2.0


class Ending:
    """One attempt."""

    def __init__(self, cluster: Cluster, meant: Meant, grace_seconds: float) -> None:
        self._cluster = cluster
        self._meant = meant
        self._grace_seconds = math.ceil(grace_seconds)
        self._asked: set[str] = set()
        self._until = -math.inf
        self._has_asked_of_job = False
        self._has_deleted_job = False

    @property
    def took_away_before_it_began(self) -> bool:
        """Whether the Job went because of this attempt, which has seen no pod of it."""
        return self._has_deleted_job and not self._asked

    def until_ended(self, found: Found) -> Found:
        """What is there once its end was seen.

        Nothing, if it has gone without a pod, or if another one has let it go meanwhile. Raises
        `StillRunningError` if its end is not seen in time, or cannot be seen any more.
        """
        looked = time.monotonic()
        while not found.has_ended:
            if found.is_nothing and self._asked:
                return found
            if found.was_taken_away:
                why = "its pod was taken away before its end was seen; its node may still run it"
                raise StillRunningError(self._meant.what, why)
            if not found.pods and self._never_begins(found, looked):
                return found
            for pod in found.pods:
                self._ask(pod)
            if looked > self._until:
                raise StillRunningError(self._meant.what, _as_said(found))
            time.sleep(_LOOK_SECONDS)
            # What is seen may be as old as the question.
            looked = time.monotonic()
            found = find(self._cluster, self._meant)
        return found

    def _ask(self, pod: Pod) -> None:
        if pod.has_ended or pod.uid in self._asked:
            return
        grace = min(self._grace_seconds, pod.grace_seconds)
        path = f"{pods_path(self._meant.namespace)}/{pod.name}"
        # It is gone now, or will be seen to have ended.
        with suppress(GoneError):
            self._cluster.delete(self._meant.what, path, pod.uid, grace)
        self._asked.add(pod.uid)
        longest = pod.grace_seconds if pod.is_deleted else grace
        self._until = max(self._until, time.monotonic() + longest + _KILL_SECONDS_MAX)

    def _never_begins(self, found: Found, looked: float) -> bool:
        """Take away a Job that has no pod yet; true once none can come any more."""
        if found.job is None:
            return looked > self._until
        if not self._has_asked_of_job:
            self._has_deleted_job = delete_job(self._cluster, self._meant, found.job)
            self._has_asked_of_job = True
            # From now: the answer may have taken longer than such a pod does.
            self._until = max(self._until, time.monotonic() + _LATE_POD_SECONDS)
        return False


def delete_job(cluster: Cluster, meant: Meant, job: Mapping[str, Any]) -> bool:
    """Its pods go after it, each with the grace of its own. False: it was gone already."""
    meta = job["metadata"]
    try:
        cluster.delete(meant.what, f"{jobs_path(meant.namespace)}/{meta['name']}", meta["uid"])
    except GoneError:
        return False
    return True


def _as_said(found: Found) -> str:
    said = [f"pod {pod.name} of node {pod.node}" for pod in found.pods if not pod.has_ended]
    return f"the end of {', '.join(said) or 'its pod'} is not said by any kubelet"
