"""Pods of Jobs that somebody else has deleted, kept by our finalizer: let go once they have ended.

Nobody is told of such a deletion. So whoever starts or ends a job looks for them in its namespace.
A pod that has not ended stays: it is the only witness of its process.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from rescind.errors import InfrastructureError
from rescind.runners.infrastructure.kubernetes.cluster import Cluster, GoneError
from rescind.runners.infrastructure.kubernetes.finding import jobs_path, pods_path
from rescind.runners.infrastructure.kubernetes.manifest import FINALIZER, MARK_LABEL
from rescind.runners.infrastructure.kubernetes.pods import Pod

__all__ = ["let_go", "let_go_of_strays"]


def let_go(cluster: Cluster, what: str, namespace: str, pod: Pod) -> None:
    """Take away what keeps it."""
    if not pod.is_held:
        return
    body = {"metadata": {"uid": pod.uid, "$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
    with suppress(GoneError):
        cluster.patch(what, f"{pods_path(namespace)}/{pod.name}", body)


def let_go_of_strays(cluster: Cluster, namespace: str) -> None:
    """If that can be done now; else the next one does it."""
    what = f"what is left in the namespace {namespace}"
    with suppress(InfrastructureError):
        pods = cluster.get(what, pods_path(namespace), labelSelector=MARK_LABEL)["items"]
        seen = [(_mark(raw), Pod.seen(raw)) for raw in pods]
        left = [(mark, pod) for mark, pod in seen if pod.is_deleted and pod.has_ended]
        if not left:
            return
        jobs = cluster.get(what, jobs_path(namespace), labelSelector=MARK_LABEL)["items"]
        with_job = {_mark(raw) for raw in jobs}
        for mark, pod in left:
            if mark not in with_job:
                let_go(cluster, what, namespace, pod)


def _mark(raw: Mapping[str, Any]) -> str:
    mark: str = raw["metadata"]["labels"][MARK_LABEL]
    return mark
