"""What is asked of RunTask: a task of the user's own definition, with our words for one container.

Image, roles, size, volumes and logs are the definition's, and so is how long a stop may take. What
is said beside it, the overrides, is read by everybody who may describe tasks. So no secret is told
in it, unless the deployment says that it may be.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import orjson

from rescind.errors import NotStartedError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import HANDLE_VARIABLE, JOB_VARIABLE, Job
from rescind.runners.infrastructure.deployment import EcsDeployment
from rescind.runners.infrastructure.ecs.identity import TaskIdentity, tags_of

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        RunTaskRequestTypeDef,
        TaskDefinitionTypeDef,
    )

__all__ = ["check_size", "container_of", "secrets_told", "task_request"]

# With the JSON around it, as AWS counts.
_OVERRIDES_CHARACTERS_MAX: Final = 8192


def task_request(
    made: EcsDeployment,
    job: Job,
    handle: Handle,
    identity: TaskIdentity,
    secrets: Mapping[str, str],
) -> "RunTaskRequestTypeDef":
    environment = {
        **job.environment,
        **secrets,
        **made.environment,
        HANDLE_VARIABLE: handle.model_dump_json(exclude_none=True),
        JOB_VARIABLE: identity.mark,
    }
    request: RunTaskRequestTypeDef = {
        "cluster": made.cluster,
        "taskDefinition": made.task_definition,
        "count": 1,
        "launchType": "FARGATE",
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": made.subnets,
                "securityGroups": made.security_groups,
                "assignPublicIp": "ENABLED" if made.assign_public_ip else "DISABLED",
            }
        },
        "overrides": {
            "containerOverrides": [
                {
                    "name": made.container,
                    "command": [*made.command, *job.arguments],
                    "environment": [
                        {"name": name, "value": value} for name, value in environment.items()
                    ],
                }
            ]
        },
        "startedBy": identity.started_by,
        "tags": [
            {"key": key, "value": value}
            for key, value in tags_of(identity.mark, job.flow_run_id).items()
        ],
        # Asked again after an answer that was lost, it is one task and not two.
        "clientToken": identity.mark,
    }
    if made.platform_version is not None:
        request["platformVersion"] = made.platform_version
    return request


def check_size(what: str, request: "RunTaskRequestTypeDef") -> None:
    """Raises `NotStartedError`: ECS would refuse so many words."""
    characters = len(orjson.dumps(request.get("overrides")).decode())
    if characters > _OVERRIDES_CHARACTERS_MAX:
        why = (
            f"its command and environment are {characters} characters, and ECS takes "
            f"{_OVERRIDES_CHARACTERS_MAX}; put what is large where the flow can read it"
        )
        raise NotStartedError(what, why)


def secrets_told(
    what: str, made: EcsDeployment, job: Job, definition: "TaskDefinitionTypeDef"
) -> Mapping[str, str]:
    """The secrets to be told in the overrides: those that the definition has not itself.

    Raises `NotStartedError`: there are some, and the deployment does not say that they may be told.
    """
    container = container_of(definition, made.container)
    known = {secret["name"] for secret in container.get("secrets", [])}
    known |= {str(pair.get("name")) for pair in container.get("environment", [])}
    told = {name: value for name, value in job.secrets.items() if name not in known}
    missing = sorted(told.keys() - made.environment.keys())
    if missing and not made.secrets_in_overrides:
        why = (
            f"{', '.join(missing)} would be read by all who may describe tasks; name it in "
            f"'secrets' of the task definition, or set secrets_in_overrides = true"
        )
        raise NotStartedError(what, why)
    return told


def container_of(
    definition: "TaskDefinitionTypeDef", name: str
) -> "ContainerDefinitionOutputTypeDef":
    """That container of it; an empty one if it has none of that name, which RunTask will say."""
    for container in definition.get("containerDefinitions", []):
        if container.get("name") == name:
            return container
    return {}
