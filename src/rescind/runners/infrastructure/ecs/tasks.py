"""A flow runner as a task of ECS, on Fargate.

The account and the region are the scope, so that other credentials, or another region, claim
nothing. The cluster is in the handle, and a task is known again there by its mark.

A stop is ECS's own: it sends SIGTERM at once, and SIGKILL after the ``stopTimeout`` of the
container's definition. No call makes that shorter or longer, so the grace of a cancel only adds to
the time for which the end is waited for. Gone is what ECS says is STOPPED, or what it knows nothing
of: it forgets a task about an hour after its end.
"""

import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from rescind.errors import (
    InfrastructureError,
    NotStartedError,
    StillRunningError,
    UnavailableError,
)
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Evidence, Job, Status
from rescind.runners.infrastructure.deployment import EcsDeployment
from rescind.runners.infrastructure.ecs.client import Account
from rescind.runners.infrastructure.ecs.definition import (
    check_size,
    container_of,
    secrets_told,
    task_request,
)
from rescind.runners.infrastructure.ecs.evidence import (
    facts,
    has_stopped,
    how,
    is_stopping,
    own_exit_code,
    why_not_begun,
)
from rescind.runners.infrastructure.ecs.failures import (
    NoSuchTaskError,
    failures,
    is_about_capacity,
)
from rescind.runners.infrastructure.ecs.identity import (
    KIND,
    TaskIdentity,
    check_tags,
    family_of,
    meant,
    scope_of,
)
from rescind.runners.infrastructure.ecs.logs import Stream, copy_until
from rescind.runners.infrastructure.ecs.lookup import definition, find

if TYPE_CHECKING:
    from types_boto3_ecs.type_defs import RunTaskRequestTypeDef, TaskTypeDef

__all__ = ["EcsInfrastructure"]

_T = TypeVar("_T")

# The longest stopTimeout that Fargate takes is 120 s; a network interface is taken away after it.
_STOP_SECONDS_MAX: Final = 180.0
_LOOK_SECONDS: Final = 1.0
_LOOK_SECONDS_MAX: Final = 8.0
# What one call has made may be unknown to the next for a moment: ECS is eventually consistent.
_UNSEEN_SECONDS_MAX: Final = 60.0
_LOOK_TWICE_SECONDS: Final = 2.0


class EcsInfrastructure:
    """The tasks of one account in one region; `close` lets go of the connections.

    Args:
        deployment: how tasks are made; without it none can be started.
        stop_seconds_max: how long a stop may take, beyond the grace.

    Raises:
        ExtraMissingError: the client's package is not installed.
        InfrastructureError: AWS does not answer, or does not know who asks.

    """

    kind = KIND

    def __init__(
        self,
        deployment: EcsDeployment | None = None,
        *,
        stop_seconds_max: float = _STOP_SECONDS_MAX,
    ) -> None:
        self._deployment = deployment
        self._stop_seconds_max = stop_seconds_max
        self._account = Account(None if deployment is None else deployment.region)
        self._ecs = self._account.ecs
        self.scope = scope_of(self._account.number, self._account.region)
        self._started: dict[str, float] = {}

    def start(self, job: Job) -> Handle:
        made = self._deployment
        what = f"a task for flow run {job.flow_run_id}"
        if made is None:
            raise NotStartedError(what, "it is not said how: an [ecs] table is missing")
        identity = TaskIdentity(
            mark=secrets.token_hex(16),
            cluster=made.cluster,
            container=made.container,
            family=family_of(made.task_definition),
        )
        handle = Handle(
            kind=KIND,
            scope=self.scope,
            identity=identity.to_dict(),
            exclusive_to=job.flow_run_id,
        )
        told: Mapping[str, str] = {}
        if job.secrets:
            described = definition(self._ecs, what, made.task_definition, not_started=True)
            told = secrets_told(what, made, job, described)
        request = task_request(made, job, handle, identity, told)
        check_size(what, request)
        task = self._run(what, request, identity)
        self._started[task] = time.monotonic()
        known = identity.model_copy(update={"task": task})
        return handle.model_copy(update={"identity": known.to_dict()})

    def stop(self, handle: Handle, grace_seconds: float) -> Evidence:
        identity = meant(handle, self.scope)
        task = find(self._ecs, identity)
        if task is None:
            time.sleep(_LOOK_TWICE_SECONDS)
            task = find(self._ecs, identity)
        if task is None:
            return Evidence("not_found", {"task": identity.named, "cluster": identity.cluster})
        if has_stopped(task):
            return Evidence("ended", facts(task, identity.container))
        if not is_stopping(task):
            self._ask_to_stop(identity, task, handle.exclusive_to or "")
        known = identity.model_copy(update={"task": task.get("taskArn")})
        return self._until_stopped(known, grace_seconds + self._stop_seconds_max)

    def status(self, handle: Handle) -> Status:
        identity = meant(handle, self.scope)
        task = find(self._ecs, identity)
        if task is None:
            started = self._started.get(identity.task or "")
            if started is not None and time.monotonic() - started < _UNSEEN_SECONDS_MAX:
                return Status("running")
            return Status("not_found")
        if not has_stopped(task):
            return Status("running")
        return Status("ended", own_exit_code(task, identity.container))

    def show(self, handle: Handle) -> None:
        """Its logs of CloudWatch, if it has them there; else a line that says so."""
        identity = meant(handle, self.scope)
        while (task := self._shown(identity)) is None and not self._has_ended(handle):
            time.sleep(_LOOK_SECONDS)
        if task is None:
            return
        arn, name = str(task.get("taskArn")), str(task.get("taskDefinitionArn"))
        made_by = _asked_until_answered(lambda: definition(self._ecs, identity.named, name))
        stream = Stream.of(container_of(made_by, identity.container), arn, self._account.region)
        if stream is None:
            sys.stderr.write(f"what {arn} prints is where its log driver sends it\n")
            while not self._has_ended(handle):
                time.sleep(_LOOK_SECONDS)
        else:
            client = self._account.logs(stream.region)
            try:
                copy_until(lambda: self._has_ended(handle), client, stream)
            finally:
                client.close()
        ended = self._shown(identity)
        if ended is not None and (why := why_not_begun(ended)):
            sys.stderr.write(f"{arn} has not begun: {why}\n")

    def clear(self, handle: Handle) -> None:
        """Nothing is left of a task: ECS forgets it by itself."""
        meant(handle, self.scope)

    def close(self) -> None:
        self._account.close()

    def _run(self, what: str, request: "RunTaskRequestTypeDef", identity: TaskIdentity) -> str:
        """The ARN of what was started."""
        try:
            with failures(what, not_started=True):
                answer = self._ecs.run_task(**request)
        except UnavailableError as error:
            return self._started_unanswered(identity, error)
        if not answer["tasks"]:
            raise _not_started(what, [each.get("reason", "") for each in answer["failures"]])
        return str(answer["tasks"][0].get("taskArn"))

    def _started_unanswered(self, identity: TaskIdentity, error: UnavailableError) -> str:
        """The ARN of what was started all the same; raises what a person can look for it by."""
        time.sleep(_LOOK_TWICE_SECONDS)
        # That it cannot be looked for is no more than that it was not seen.
        with suppress(InfrastructureError):
            if (task := find(self._ecs, identity)) is not None:
                return str(task.get("taskArn"))
        why = (
            f"{error.why}. It was not seen to start; if it does all the same, it is in cluster "
            f"{identity.cluster} with startedBy {identity.started_by}"
        )
        raise UnavailableError(error.what, why) from None

    def _ask_to_stop(self, identity: TaskIdentity, task: "TaskTypeDef", flow_run_id: str) -> None:
        check_tags(identity, task, flow_run_id)
        # Unknown in this moment: what it has come to is seen when it is looked for.
        with suppress(NoSuchTaskError), failures(identity.named):
            self._ecs.stop_task(
                cluster=identity.cluster,
                task=str(task.get("taskArn")),
                reason=f"Rescind tears down flow run {flow_run_id}",
            )

    def _until_stopped(self, identity: TaskIdentity, seconds: float) -> Evidence:
        until = time.monotonic() + seconds
        said = "it knows it no more"
        for pause in _pauses():
            task = find(self._ecs, identity)
            if task is not None and has_stopped(task):
                return Evidence(how(task, identity.container), facts(task, identity.container))
            if task is not None:
                said = f"it is {task.get('lastStatus')}"
            if (left := until - time.monotonic()) <= 0:
                raise StillRunningError(identity.named, f"ECS says that {said}")
            time.sleep(min(pause, left))
        raise AssertionError("there is always one more pause")

    def _shown(self, identity: TaskIdentity) -> "TaskTypeDef | None":
        return _asked_until_answered(lambda: find(self._ecs, identity))

    def _has_ended(self, handle: Handle) -> bool:
        """For whoever only shows what it prints: throttled, it is not known to have ended."""
        try:
            return self.status(handle).state != "running"
        except UnavailableError:
            return False


def _not_started(what: str, reasons: list[str]) -> InfrastructureError:
    said = f"ECS says {', '.join(reasons) or 'nothing'}"
    if any(is_about_capacity(reason) for reason in reasons):
        return UnavailableError(what, f"{said}: there is no room for it now; try again later")
    return NotStartedError(what, said)


def _asked_until_answered(ask: Callable[[], _T]) -> _T:
    """For whoever only shows what it prints: throttled, there is time to ask again."""
    for pause in _pauses():
        with suppress(UnavailableError):
            return ask()
        time.sleep(pause)
    raise AssertionError("there is always one more pause")


def _pauses() -> Iterator[float]:
    pause = _LOOK_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.5, _LOOK_SECONDS_MAX)
