"""The file that says how jobs are started: one table for each kind of infrastructure.

    [docker]
    image = "my-flows:3"
    network = "host"
    mounts = ["flows:/flows:ro"]
    environment = { TZ = "UTC" }

    [kubernetes]
    image = "my-flows:3"

    [ecs]
    cluster = "flows"
    task_definition = "my-flows"
    container = "runner"
    subnets = ["subnet-0a1b2c3d"]

What it does not know it refuses, with one line. It is read by whoever starts a job, and by nobody
who ends one: a handle is enough for that.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from rescind.errors import DeploymentError

__all__ = [
    "ClusterName",
    "Deployment",
    "DockerDeployment",
    "EcsDeployment",
    "KubernetesDeployment",
    "ProcessDeployment",
    "read_deployment",
]

Name = Annotated[str, StringConstraints(min_length=1)]
ClusterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,255}$")]
Mount = Annotated[str, StringConstraints(pattern=r"^[^:]+:/[^:]*(:ro|:rw)?$")]
MountOfNode = Annotated[str, StringConstraints(pattern=r"^/[^:]*:/[^:]*(:ro|:rw)?$")]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ProcessDeployment(_Table):
    """How a job is started on this host: as ``rescind`` is started here."""

    environment: dict[Name, str] = Field(default_factory=dict[str, str])
    """To add to the environment that it has from here."""


class DockerDeployment(_Table):
    """How a container is made."""

    image: Name
    """Is not pulled."""
    command: list[Name] = Field(default=["rescind"], min_length=1)
    """What starts ``rescind`` in it."""
    network: Name | None = None
    """``host``, or the name of a network; by default the engine's own."""
    mounts: list[Mount] = Field(default_factory=list[str])
    """``HOST:CONTAINER`` or ``HOST:CONTAINER:ro``; a relative path is beside this file."""
    environment: dict[Name, str] = Field(default_factory=dict[str, str])
    """Goes before what it is told of Kafka."""
    working_dir: str | None = None
    """By default the image's."""
    user: str | None = None
    """By default the image's."""


class EcsDeployment(_Table):
    """How a task is started on ECS, on Fargate."""

    cluster: ClusterName
    """Its name, and not its ARN: the account and the region are those of who asks."""
    task_definition: Name
    """``FAMILY``, ``FAMILY:REVISION`` or an ARN. The image, the roles, the size, where its logs go
    and how long a stop may take are said there."""
    container: Name
    """The container of the task definition that is to be the flow runner."""
    subnets: list[Name] = Field(min_length=1, max_length=16)
    """From which Kafka is reached."""
    security_groups: list[Name] = Field(default_factory=list[str], max_length=5)
    """By default that of the VPC."""
    assign_public_ip: bool = False
    """Needed in a public subnet, to pull the image."""
    command: list[Name] = Field(default=["rescind"], min_length=1)
    """What starts ``rescind`` in it."""
    environment: dict[Name, str] = Field(default_factory=dict[str, str])
    """Goes before what it is told of Kafka. Who may describe tasks reads it."""
    secrets_in_overrides: bool = False
    """The password of Kafka may be told as ``environment`` is. Else the task definition has it."""
    region: Name | None = None
    """By default the one that ``AWS_REGION`` or the profile says."""
    platform_version: Name | None = None
    """Of Fargate; by default its newest."""


class KubernetesDeployment(_Table):
    """How a Job is made, and the one pod that it has."""

    image: Name
    """With ``rescind`` and the flows in it."""
    command: list[Name] = Field(default=["rescind"], min_length=1)
    """What starts ``rescind`` in it."""
    context: Name | None = None
    """Of the kubeconfig; by default its current one."""
    namespace: Name | None = None
    """By default the context's, or that of the pod in which this runs."""
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = None
    """By default the cluster's own rule."""
    service_account: Name | None = None
    """By default the namespace's."""
    environment: dict[Name, str] = Field(default_factory=dict[str, str])
    """Goes before what it is told of Kafka."""
    mounts: list[MountOfNode] = Field(default_factory=list[str])
    """``NODE:POD`` or ``NODE:POD:ro``: folders of whatever node it comes to."""
    grace_seconds: int = Field(default=30, ge=1, le=86_400)
    """The longest that a stop waits for it, however long it is told to."""
    pod: dict[Name, Any] = Field(default_factory=dict[str, Any])
    """More of the pod's ``spec``, as Kubernetes writes it: ``nodeSelector``, ``volumes``."""
    container: dict[Name, Any] = Field(default_factory=dict[str, Any])
    """More of its container: ``resources``, ``volumeMounts``."""


class Deployment(_Table):
    """The whole file."""

    process: ProcessDeployment = Field(default_factory=ProcessDeployment)
    docker: DockerDeployment | None = None
    kubernetes: KubernetesDeployment | None = None
    ecs: EcsDeployment | None = None


def read_deployment(path: Path) -> Deployment:
    """Read the file. Raises `DeploymentError`."""
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DeploymentError(str(path), f"it cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeploymentError(str(path), f"it is no TOML: {error}") from None
    try:
        deployment = Deployment.model_validate(told)
    except ValidationError as error:
        raise DeploymentError(str(path), _problem(error)) from None
    if (docker := deployment.docker) is None:
        return deployment
    mounts = [str(path.resolve().parent / mount) for mount in docker.mounts]
    return deployment.model_copy(update={"docker": docker.model_copy(update={"mounts": mounts})})


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    match first["type"]:
        case "extra_forbidden":
            return f"no key is called {key!r}"
        case "missing":
            return f"the key {key!r} is missing"
        case "string_pattern_mismatch" if key == "ecs.cluster":
            return f"{key} is {first['input']!r}; write the name of the cluster, and not its ARN"
        case "string_pattern_mismatch" if key.startswith("kubernetes.mounts"):
            told = "write NODE:POD or NODE:POD:ro, with both paths absolute"
            return f"{key} is {first['input']!r}; {told}"
        case "string_pattern_mismatch":
            return f"{key} is {first['input']!r}; write HOST:CONTAINER or HOST:CONTAINER:ro"
        case _:
            said = first["msg"].removeprefix("Input should be ")
            return f"{key} must be {said}, and is {first['input']!r}"
