"""The ECS at ``AWS_ENDPOINT_URL``: an emulator, with the Docker engine at ``DOCKER_HOST``.

What it starts is seen in this host's table of processes. A task definition mounts this host's
programs into the image of `tests.engine`, on the host's network. Fargate would refuse both, so this
can never run on AWS.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError

from rescind.events.words import Handle
from rescind.runners.infrastructure.deployment import EcsDeployment
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from tests import engine

__all__ = ["CONTAINER", "deployed", "is_running", "required_ecs"]

CONTAINER: Final = "runner"
# Asked for and not looked at: an emulator has no network of AWS.
_SUBNET: Final = "subnet-12345678"


def required_ecs() -> None:
    """Skip the test where none is named. One that is named and does not answer is a failure."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        pytest.skip("no emulator of ECS: AWS_ENDPOINT_URL is not set")
    _must_answer(endpoint)
    engine.required_engine()


@cache
def _must_answer(_endpoint: str) -> None:
    EcsInfrastructure().close()


@contextmanager
def deployed(
    *command: str, mounts: Sequence[str] = (), logs: bool = True
) -> Iterator[EcsDeployment]:
    """A cluster of its own with a task definition, and nothing of them at its end."""
    name = f"rescind-{secrets.token_hex(4)}"
    with closing(_client("ecs")) as ecs:
        ecs.create_cluster(clusterName=name)
        try:
            ecs.register_task_definition(**_definition(name, mounts, logs=logs))
            yield EcsDeployment(
                cluster=name,
                task_definition=name,
                container=CONTAINER,
                subnets=[_SUBNET],
                command=list(command) or ["rescind"],
                secrets_in_overrides=True,
            )
        finally:
            _take_away(ecs, name)


def is_running(handle: Handle) -> bool:
    """Whether ECS says so. An emulator stops a task before that without its container."""
    where = {"cluster": handle.identity["cluster"], "tasks": [handle.identity["task"]]}
    with closing(_client("ecs")) as ecs:
        return all(task["lastStatus"] == "RUNNING" for task in ecs.describe_tasks(**where)["tasks"])


def _definition(name: str, mounts: Sequence[str], *, logs: bool) -> dict[str, Any]:
    volumes: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for number, mount in enumerate([*engine.MOUNTS, *mounts]):
        source, target, *mode = mount.split(":")
        volumes.append({"name": f"v{number}", "host": {"sourcePath": source}})
        points.append(
            {"sourceVolume": f"v{number}", "containerPath": target, "readOnly": mode == ["ro"]}
        )
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": engine.IMAGE,
        "memory": 512,
        "essential": True,
        "mountPoints": points,
    }
    if logs:
        container["logConfiguration"] = {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": name,
                "awslogs-create-group": "true",
                "awslogs-stream-prefix": "tests",
            },
        }
    return {
        "family": name,
        "networkMode": "host",
        "containerDefinitions": [container],
        "volumes": volumes,
    }


def _take_away(ecs: Any, name: str) -> None:
    for task in ecs.list_tasks(cluster=name, desiredStatus="RUNNING")["taskArns"]:
        ecs.stop_task(cluster=name, task=task)
    ecs.deregister_task_definition(taskDefinition=f"{name}:1")
    ecs.delete_task_definitions(taskDefinitions=[f"{name}:1"])
    ecs.delete_cluster(cluster=name)
    # It was made when something was printed.
    with closing(_client("logs")) as logs, suppress(ClientError):
        logs.delete_log_group(logGroupName=name)


def _client(service: str) -> Any:
    return _session().client(service)


@cache
def _session() -> Any:
    """Once: each one reads what AWS can do anew, which takes a second."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION"))
