"""What somebody else sees of a Job in the cluster, and does to it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from rescind.events.words import Handle
from rescind.runners.infrastructure.kubernetes.cluster import Cluster, GoneError
from rescind.runners.infrastructure.kubernetes.finding import jobs_path, pods_path
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from rescind.runners.infrastructure.kubernetes.manifest import MARK_LABEL
from tests import cluster as real
from tests.contract.infrastructure.places import SHELL, Place
from tests.waiting import until

__all__ = [
    "delete_pod",
    "is_deleted",
    "left",
    "namespace",
    "own_namespace",
    "placed",
    "the_job",
    "the_pod",
]


def namespace(job: Handle) -> str:
    return str(job.identity["namespace"])


def left(server: Cluster, job: Handle) -> list[str]:
    """The names of all objects that have its mark."""
    selector = f"{MARK_LABEL}={job.identity['mark']}"
    paths = [
        jobs_path(namespace(job)),
        pods_path(namespace(job)),
        f"/api/v1/namespaces/{namespace(job)}/secrets",
    ]
    return [
        f"{path}/{each['metadata']['name']}"
        for path in paths
        for each in server.get("what is left", path, labelSelector=selector)["items"]
    ]


def the_job(server: Cluster, job: Handle) -> tuple[str, dict[str, Any]]:
    path = f"{jobs_path(namespace(job))}/{job.identity['job']}"
    return path, server.get("the Job", path)


def the_pod(server: Cluster, job: Handle) -> tuple[str, dict[str, Any]]:
    selector = f"{MARK_LABEL}={job.identity['mark']}"
    (pod,) = server.get("its pod", pods_path(namespace(job)), labelSelector=selector)["items"]
    return f"{pods_path(namespace(job))}/{pod['metadata']['name']}", pod


def delete_pod(server: Cluster, job: Handle, grace_seconds: int) -> None:
    path, pod = the_pod(server, job)
    server.delete("its pod", path, pod["metadata"]["uid"], grace_seconds)


def is_deleted(server: Cluster, job: Handle) -> bool:
    selector = f"{MARK_LABEL}={job.identity['mark']}"
    pods = server.get("its pod", pods_path(namespace(job)), labelSelector=selector)["items"]
    return all("deletionTimestamp" in pod["metadata"] for pod in pods)


def placed(place: Place, **more: Any) -> Place:
    """The same place, with Jobs that are made otherwise; ends with it."""
    other = KubernetesInfrastructure(real.deployment(*SHELL, **more))
    return Place(other, place.started)


@asynccontextmanager
async def own_namespace(server: Cluster, **labels: str) -> AsyncIterator[str]:
    """One that nobody else is in, and that is gone at the end with all that is in it."""
    name = f"rescind-{os.urandom(4).hex()}"
    path = f"/api/v1/namespaces/{name}"
    body = {"metadata": {"name": name, "labels": labels}}
    uid = server.create("a namespace", "/api/v1/namespaces", body)["metadata"]["uid"]

    def is_gone() -> bool:
        try:
            server.get("a namespace", path)
        except GoneError:
            return True
        return False

    try:
        yield name
    finally:
        server.delete("a namespace", path, uid)
        await until(is_gone)
