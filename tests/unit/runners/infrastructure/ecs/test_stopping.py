"""A task is stopped and waited for, and one that is not that job's is not touched."""

from contextlib import closing
from typing import Any

import pytest

from rescind.errors import InfrastructureError, StillRunningError
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from tests.unit.runners.infrastructure.ecs.aws import ACCOUNT, CLUSTER, TASK, Aws, failure
from tests.unit.runners.infrastructure.ecs.words import (
    HANDLE,
    MARK,
    TAGS,
    described,
    ended,
    runs,
    task,
)

OTHER = TASK.replace("0123", "4567")
WITH_ARN = HANDLE.model_copy(update={"identity": {**HANDLE.identity, "task": TASK}})


def test_51_what_runs_is_stopped_and_waited_for(aws: Aws, ecs: EcsInfrastructure) -> None:
    runs(aws, task(), task("DEPROVISIONING", desiredStatus="STOPPED"), ended(137))

    evidence = ecs.stop(HANDLE, 0)

    assert evidence.how == "killed"
    assert (evidence.facts["task"], evidence.facts["exit_code"]) == (TASK, 137)
    (asked,) = aws.asked_for("StopTask")
    assert (asked["cluster"], asked["task"]) == (CLUSTER, TASK)
    assert "f" in asked["reason"]
    # Then it is looked at by its ARN.
    assert aws.asked_for("ListTasks") == [{"cluster": CLUSTER, "startedBy": f"rsc-{MARK}"}]


def test_49_a_task_that_knew_its_arn_is_found_without_a_list(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("DescribeTasks", described(task()), described(ended(0)))
    aws.says("StopTask", {"task": task()})

    assert ecs.stop(WITH_ARN, 0).how == "terminated"


def test_49_of_an_arn_that_is_unknown_nothing_follows_for_the_mark(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    missing = {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]}
    aws.lists(running=[OTHER])
    aws.says("DescribeTasks", missing, described(task(taskArn=OTHER)), described(ended(0)))
    aws.says("StopTask", {"task": task()})

    assert ecs.stop(WITH_ARN, 0).how == "terminated"
    assert [asked["task"] for asked in aws.asked_for("StopTask")] == [OTHER]


def test_49_an_arn_of_what_somebody_else_has_started_is_not_touched(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("DescribeTasks", described(task(startedBy="somebody")))

    with pytest.raises(InfrastructureError) as raised:
        ecs.stop(WITH_ARN, 0)

    assert raised.value.code == "not_matching"
    assert aws.asked_for("StopTask") == []


@pytest.mark.parametrize("code,how", [(0, "terminated"), (3, "terminated"), (None, "killed")])
def test_49_without_a_word_of_its_own_it_is_not_said_that_it_gave_way(
    aws: Aws, ecs: EcsInfrastructure, code: int | None, how: str
) -> None:
    runs(aws, task(), ended(code))

    assert ecs.stop(HANDLE, 0).how == how


def test_49_what_somebody_else_stops_is_waited_for(aws: Aws, ecs: EcsInfrastructure) -> None:
    runs(aws, task("STOPPING", desiredStatus="STOPPED", tags=[]), ended(0))

    assert ecs.stop(HANDLE, 0).how == "terminated"
    assert aws.asked_for("StopTask") == []


def test_49_what_does_not_stop_is_said_to_run(aws: Aws) -> None:
    runs(aws, task())

    with (
        closing(EcsInfrastructure(stop_seconds_max=0)) as ecs,
        pytest.raises(StillRunningError, match="it is RUNNING"),
    ):
        ecs.stop(HANDLE, 0)


def test_49_what_ends_before_it_is_asked_to_has_ended(aws: Aws, ecs: EcsInfrastructure) -> None:
    runs(aws, task(), ended(1))
    aws.says("StopTask", failure("InvalidParameterException", "The task was not found."))

    assert ecs.stop(HANDLE, 0).facts["exit_code"] == 1


def test_49_what_is_known_by_no_list_has_gone(aws: Aws, ecs: EcsInfrastructure) -> None:
    aws.lists(stopped=[[OTHER]])
    aws.says("DescribeTasks", described(task("STOPPED", taskArn=OTHER, startedBy="another")))

    assert ecs.stop(HANDLE, 0).how == "not_found"

    # What one call has made the next one may not see, so that is asked twice.
    running = {"cluster": CLUSTER, "startedBy": f"rsc-{MARK}"}
    stopped = {"cluster": CLUSTER, "family": "flows", "desiredStatus": "STOPPED"}
    assert aws.asked_for("ListTasks") == [running, stopped] * 2


def test_49_what_has_stopped_is_known_by_its_mark_among_all_of_its_family(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.lists(stopped=[[OTHER], [], [TASK]])
    aws.says(
        "DescribeTasks",
        described(task("STOPPED", taskArn=OTHER, startedBy="another")),
        described(ended(3)),
    )

    evidence = ecs.stop(HANDLE, 0)

    assert (evidence.how, evidence.facts["task"], evidence.facts["exit_code"]) == ("ended", TASK, 3)


def test_49_among_too_many_to_look_through_nothing_is_said_to_have_gone(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.lists(stopped=[()] * 51)

    with pytest.raises(InfrastructureError, match="more than 50 pages") as raised:
        ecs.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)


@pytest.mark.parametrize(
    "found",
    [
        task(tags=[]),
        task(tags=[TAGS[0], {"key": "rescind.flow_run_id", "value": "g"}]),
        task(startedBy="somebody"),
    ],
    ids=["no-tags", "another-flow-run", "another-mark"],
)
def test_49_what_was_not_started_as_that_job_is_not_touched(
    aws: Aws, ecs: EcsInfrastructure, found: dict[str, Any]
) -> None:
    runs(aws, found)

    with pytest.raises(InfrastructureError) as raised:
        ecs.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("not_matching", False)
    assert aws.asked_for("StopTask") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"scope": f"ecs:{ACCOUNT}:us-east-1"},
        {"identity": {**HANDLE.identity, "task": TASK.replace(ACCOUNT, "444455556666")}},
        {"identity": {**HANDLE.identity, "cluster": "a/b"}},
    ],
    ids=["region", "account", "cluster"],
)
def test_49_of_another_place_nothing_is_claimed(
    aws: Aws, ecs: EcsInfrastructure, changed: dict[str, Any]
) -> None:
    with pytest.raises(InfrastructureError) as raised:
        ecs.stop(HANDLE.model_copy(update=changed), 0)

    assert raised.value.code == "not_matching"
    assert aws.asked == []
