"""By what a task is known again: the mark, which ECS keeps as ``startedBy`` and can look for.

The handle is in the environment of the container, and so it is made before the task has an ARN.
``startedBy`` is said once, when the task is started, and cannot be changed. Its tags can, and ECS
deletes them when a task is stopped: they count for what runs, and for IAM policies.
"""

import re
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from rescind.errors import NotMatchingError
from rescind.events.words import Handle
from rescind.runners.infrastructure.deployment import ClusterName

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import TaskTypeDef

__all__ = [
    "FLOW_RUN_TAG",
    "KIND",
    "MARK_TAG",
    "TaskIdentity",
    "check_mark",
    "check_tags",
    "family_of",
    "has_mark",
    "meant",
    "scope_of",
    "tags_of",
]

KIND: Final = "ecs"
MARK_TAG: Final = "rescind.mark"
FLOW_RUN_TAG: Final = "rescind.flow_run_id"

# What may not be in the value of a tag. What is taken for it need not be told from another.
_NOT_IN_TAGS: Final = re.compile(r"[^\w .:/=+@-]")

_ARN: Final = re.compile(
    r"arn:[^:]+:ecs:(?P<region>[^:]+):(?P<account>[^:]+):task/(?P<cluster>[^/]+)/[^/]+"
)


class TaskIdentity(BaseModel):
    """`task` is its ARN, for whoever has started it and, if it can learn it, for itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mark: str = Field(pattern=r"^[0-9a-f]{32}$")
    cluster: ClusterName
    container: Annotated[str, Field(min_length=1, max_length=255)]
    family: str
    """Of its definition: ECS lists what has stopped by that, and not by the mark."""
    task: str | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        """As a handle has it."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def started_by(self) -> str:
        """The mark as ECS has it: 36 characters, which is all that it took for years."""
        return f"rsc-{self.mark}"

    @property
    def named(self) -> str:
        return self.task or f"task {self.started_by}"


def scope_of(account: str, region: str) -> str:
    return f"{KIND}:{account}:{region}"


def meant(handle: Handle, scope: str) -> TaskIdentity:
    """Raises `NotMatchingError`: it is none of ours, or of another account or region."""
    what = str(handle.identity.get("task") or f"{handle.kind} {handle.identity.get('mark', '')}")
    if (handle.kind, handle.scope) != (KIND, scope):
        raise NotMatchingError(
            what, f"it is a {handle.kind} in {handle.scope}, and this is {scope}"
        )
    try:
        identity = TaskIdentity.model_validate(handle.identity)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise NotMatchingError(what, f"its identity has no fitting {key!r}") from None
    if identity.task is not None and _place_of(identity.task) != (scope, identity.cluster):
        raise NotMatchingError(what, "that is of another cluster, account or region")
    return identity


def _place_of(arn: str) -> tuple[str, str] | None:
    """Scope and cluster; None: it names no task, or no cluster."""
    told = _ARN.fullmatch(arn)
    return None if told is None else (scope_of(told["account"], told["region"]), told["cluster"])


def family_of(task_definition: str) -> str:
    """Of ``FAMILY``, ``FAMILY:REVISION`` or an ARN that ends like those."""
    return task_definition.rpartition("/")[2].partition(":")[0]


def tags_of(mark: str, flow_run_id: str) -> dict[str, str]:
    return {MARK_TAG: mark, FLOW_RUN_TAG: _NOT_IN_TAGS.sub("_", flow_run_id)}


def has_mark(identity: TaskIdentity, task: "TaskTypeDef") -> bool:
    return task.get("startedBy") == identity.started_by


def check_mark(identity: TaskIdentity, task: "TaskTypeDef") -> None:
    """Raises `NotMatchingError`: that task was started by somebody else."""
    if not has_mark(identity, task):
        raise NotMatchingError(identity.named, "it was not started as one: it has not its mark")


def check_tags(identity: TaskIdentity, task: "TaskTypeDef", flow_run_id: str) -> None:
    """Raises `NotMatchingError`: it runs, and is not tagged as a job of this flow run."""
    found = {tag.get("key"): tag.get("value") for tag in task.get("tags", [])}
    for key, value in tags_of(identity.mark, flow_run_id).items():
        if found.get(key) != value:
            why = f"its tag {key} is {found.get(key)!r}, and not {value!r}"
            raise NotMatchingError(identity.named, why)
