"""The Job that a flow runner becomes, as Kubernetes reads it.

- `backoffLimit` 0 and `restartPolicy` Never: what was ended is not started again, by nobody.
- A finalizer of ours on the pod: its object stays until its end was seen. Without it whoever
  deletes a pod by force makes it vanish from the cluster at once, while its process runs on (30 s
  were measured): that it is not there would say nothing.
- `shareProcessNamespace`: as process 1 a program without a handler is not sent SIGTERM by the
  kernel at all. So the pod's own pause is process 1.
- `enableServiceLinks` off: a Service that is called `rescind` would set `RESCIND_PORT`, a setting.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rescind.errors import NotStartedError
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.deployment import KubernetesDeployment

__all__ = [
    "CONTAINER",
    "FINALIZER",
    "FLOW_RUN_ANNOTATION",
    "MARK_LABEL",
    "job_manifest",
    "secret_manifest",
]

CONTAINER: Final = "flow-runner"
FINALIZER: Final = "rescind/end-is-seen"
MARK_LABEL: Final = "rescind/mark"
FLOW_RUN_ANNOTATION: Final = "rescind/flow-run-id"
"""No label: those may not hold what an id may."""


def job_manifest(
    name: str, mark: str, job: Job, made: KubernetesDeployment, told: Mapping[str, str]
) -> dict[str, Any]:
    """The Job; one that has secrets does not begin before it is told to.

    Raises `NotStartedError` if the deployment says otherwise what is said here.
    """
    meta = {
        "labels": {MARK_LABEL: mark, "app.kubernetes.io/managed-by": "rescind"},
        "annotations": {FLOW_RUN_ANNOTATION: job.flow_run_id},
    }
    volumes, mounts = _volumes(made.mounts)
    spec = _merged(
        f"kubernetes.pod of flow run {job.flow_run_id}",
        made.pod,
        {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": made.grace_seconds,
            "shareProcessNamespace": True,
            "enableServiceLinks": False,
            "containers": [_container(name, job, made, told, mounts)],
            **({"serviceAccountName": made.service_account} if made.service_account else {}),
        },
        {"volumes": volumes},
    )
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, **meta},
        "spec": {
            "backoffLimit": 0,
            "suspend": bool(job.secrets),
            "template": {"metadata": {**meta, "finalizers": [FINALIZER]}, "spec": spec},
        },
    }


def secret_manifest(job: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """What goes when its Job goes."""
    meta = job["metadata"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": meta["name"], "uid": meta["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": meta["name"],
            "labels": meta["labels"],
            "ownerReferences": [owner],
        },
        "immutable": True,
        "stringData": dict(secrets),
    }


def _container(
    name: str,
    job: Job,
    made: KubernetesDeployment,
    told: Mapping[str, str],
    mounts: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    environment = {**job.environment, **made.environment, **told}
    policy = {"imagePullPolicy": made.image_pull_policy} if made.image_pull_policy else {}
    secrets = [{"secretRef": {"name": name}}] if job.secrets else []
    return _merged(
        f"kubernetes.container of flow run {job.flow_run_id}",
        made.container,
        {
            "name": CONTAINER,
            "image": made.image,
            "command": [_literal(part) for part in [*made.command, *job.arguments]],
            **policy,
        },
        {
            "env": [{"name": key, "value": _literal(environment[key])} for key in environment],
            "envFrom": secrets,
            "volumeMounts": list(mounts),
        },
    )


def _merged(
    what: str,
    more: Mapping[str, Any],
    own: Mapping[str, Any],
    lists: Mapping[str, Sequence[Any]],
) -> dict[str, Any]:
    """What is said in a deployment and what is said here; only the lists may be said by both."""
    if twice := sorted(more.keys() & own.keys()):
        raise NotStartedError(what, f"{', '.join(twice)} cannot be said there: it is set already")
    if no_lists := [key for key in lists if not isinstance(more.get(key, []), list)]:
        raise NotStartedError(what, f"{', '.join(no_lists)} must be a list there")
    both = {key: [*more.get(key, []), *lists[key]] for key in lists}
    return {**more, **own, **both}


def _volumes(mounts: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    volumes: list[dict[str, Any]] = []
    mounted: list[dict[str, Any]] = []
    for number, mount in enumerate(mounts):
        folder, path, *mode = mount.split(":")
        name = f"rescind-{number}"
        volumes.append({"name": name, "hostPath": {"path": folder}})
        mounted.append({"name": name, "mountPath": path, "readOnly": mode == ["ro"]})
    return volumes, mounted


def _literal(value: str) -> str:
    """As it is: Kubernetes puts variables in for ``$(NAME)``, and reads ``$$`` as one."""
    return value.replace("$", "$$")
