"""A flow runner as a Job, and its end as the kubelet of its node has seen it.

The uid of the namespace `kube-system` is the scope: a context that leads to another cluster claims
nothing. A Job and its pod are known again by a label with a random mark, and what was found so is
ended with its uid as a condition: names are given anew.

A stop deletes the pod with its grace, waits until the kubelet has said that the container has
ended, and only then takes away the Job, and after that the finalizer that has kept the pod. In this
order a witness is left wherever it is interrupted.

Absent on purpose: what happens to a node that is not heard any more. Its pods are not gone.
"""

import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from rescind.errors import InfrastructureError, NotStartedError, UnsupportedError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import (
    HANDLE_VARIABLE,
    JOB_VARIABLE,
    Evidence,
    Job,
    Status,
)
from rescind.runners.infrastructure.deployment import KubernetesDeployment
from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from rescind.runners.infrastructure.kubernetes.ending import Ending, delete_job
from rescind.runners.infrastructure.kubernetes.finding import (
    KIND,
    Found,
    Meant,
    find,
    jobs_path,
    secrets_path,
)
from rescind.runners.infrastructure.kubernetes.manifest import (
    job_manifest,
    secret_manifest,
)
from rescind.runners.infrastructure.kubernetes.showing import show
from rescind.runners.infrastructure.kubernetes.strays import let_go, let_go_of_strays

__all__ = ["KubernetesInfrastructure"]

_LOOK_SECONDS: Final = 0.2
_CLEAR_SECONDS_MAX: Final = 30.0


class KubernetesInfrastructure:
    """The cluster that ``KUBECONFIG`` names, or the one in which this runs.

    Args:
        deployment: how Jobs are made; without it none can be started.

    Raises:
        ExtraMissingError: the client's package is not installed.
        InfrastructureError: no cluster answers, or not to us.

    """

    kind = KIND

    def __init__(self, deployment: KubernetesDeployment | None = None) -> None:
        self._deployment = deployment
        self._cluster = Cluster(None if deployment is None else deployment.context)
        self.scope = f"kubernetes:{self._cluster.uid}"

    def start(self, job: Job) -> Handle:
        made = self._deployment
        what = f"a Job for flow run {job.flow_run_id}"
        if made is None:
            raise NotStartedError(what, "it is not said how: a [kubernetes] table is missing")
        mark = secrets.token_hex(16)
        name, namespace = f"rescind-{mark[:12]}", made.namespace or self._cluster.namespace
        # It is told its handle before the Job is made, and its uid is given then.
        handle = Handle(
            kind=KIND,
            scope=self.scope,
            identity={"mark": mark, "namespace": namespace, "job": name},
            exclusive_to=job.flow_run_id,
        )
        told = {HANDLE_VARIABLE: handle.model_dump_json(exclude_none=True), JOB_VARIABLE: mark}
        manifest = job_manifest(name, mark, job, made, told)
        try:
            created = self._cluster.create(what, jobs_path(namespace), manifest)
            if job.secrets:
                self._begin(what, namespace, created, job)
        except BaseException:
            # With no answer, it may be there all the same.
            with suppress(InfrastructureError):
                self._unmake(handle)
            raise
        let_go_of_strays(self._cluster, namespace)
        return handle

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        meant = Meant.of(handle, self.scope)
        found = find(self._cluster, meant)
        if found.is_nothing:
            return Evidence("not_found", meant.facts())
        if has_ended := found.has_ended:
            ended = found
        else:
            ending = Ending(self._cluster, meant, grace_seconds)
            ended = ending.until_ended(found)
            if ended.is_nothing and not ending.took_away_before_it_began:
                # Another one of us was there first, and has seen it.
                return Evidence("not_found", meant.facts())
        if not has_ended or any(pod.is_deleted for pod in ended.pods):
            self._take_away(ended, meant)
            let_go_of_strays(self._cluster, meant.namespace)
        facts = {**meant.facts(), **ended.facts()}
        if has_ended:
            return Evidence("ended", facts)
        was_killed = any(pod.was_killed for pod in ended.pods)
        return Evidence("killed" if was_killed else "terminated", facts)

    def status(self, handle: Handle) -> Status:
        found = find(self._cluster, Meant.of(handle, self.scope))
        if found.is_nothing:
            return Status("not_found")
        if not found.has_ended:
            return Status("running")
        return Status("ended", found.exit_code)

    def show(self, handle: Handle) -> None:
        """Its two streams come as one."""
        show(self._cluster, Meant.of(handle, self.scope))

    def clear(self, handle: Handle) -> None:
        meant = Meant.of(handle, self.scope)
        found = find(self._cluster, meant)
        if found.is_nothing:
            return
        if not found.has_ended:
            raise UnsupportedError(f"the end of {meant.what}", "it has not ended yet")
        self._take_away(found, meant)
        until = time.monotonic() + _CLEAR_SECONDS_MAX
        while not find(self._cluster, meant).is_nothing and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """Let go of the connections."""
        self._cluster.close()

    def _begin(self, what: str, namespace: str, created: Mapping[str, Any], job: Job) -> None:
        """Give it its secrets, which go when it goes, and then its pod."""
        self._cluster.create(what, secrets_path(namespace), secret_manifest(created, job.secrets))
        meta = created["metadata"]
        begins = {"metadata": {"uid": meta["uid"]}, "spec": {"suspend": False}}
        self._cluster.patch(what, f"{jobs_path(namespace)}/{meta['name']}", begins)

    def _unmake(self, handle: Handle) -> None:
        """Not a stop: whoever starts Jobs may delete those, and not their pods."""
        meant = Meant.of(handle, self.scope)
        if (job := find(self._cluster, meant).job) is not None:
            delete_job(self._cluster, meant, job)

    def _take_away(self, found: Found, meant: Meant) -> None:
        """The Job first: without it, nobody asks where its pod is."""
        if found.job is not None:
            delete_job(self._cluster, meant, found.job)
        for pod in found.pods:
            let_go(self._cluster, meant.what, meant.namespace, pod)
