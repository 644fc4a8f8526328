"""What is asked of ECS to start a task, and what is said when that fails."""

from contextlib import closing

import pytest

from rescind.errors import InfrastructureError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from tests.unit.runners.infrastructure.ecs.aws import CLUSTER, SCOPE, TASK, Answer, Aws, failure
from tests.unit.runners.infrastructure.ecs.words import HANDLE, MADE, defined, described, task

JOB = Job(flow_run_id="f", arguments=["run", "flows.py"], environment={"A": "1"})
SECRET = Job(flow_run_id="f", arguments=[], secrets={"PASSWORD": "hidden"})


def test_what_is_asked_of_ecs_is_one_task_with_the_words_of_the_job(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("RunTask", described(task()))

    handle = ecs.start(JOB)

    (asked,) = aws.asked_for("RunTask")
    mark = str(handle.identity["mark"])
    assert (handle.kind, handle.scope, handle.identity["task"]) == ("ecs", SCOPE, TASK)
    assert (asked["cluster"], asked["taskDefinition"], asked["count"]) == (CLUSTER, "flows:3", 1)
    assert asked["launchType"] == "FARGATE"
    assert asked["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "DISABLED",
    }
    # The whole mark, in as much as AWS has always taken.
    assert (asked["startedBy"], len(asked["startedBy"])) == (f"rsc-{mark}", 36)
    assert asked["clientToken"] == mark
    assert {tag["key"]: tag["value"] for tag in asked["tags"]} == {
        "rescind.mark": mark,
        "rescind.flow_run_id": "f",
    }
    (override,) = asked["overrides"]["containerOverrides"]
    assert (override["name"], override["command"]) == ("runner", ["rescind", "run", "flows.py"])
    environment = {pair["name"]: pair["value"] for pair in override["environment"]}
    told = Handle.model_validate_json(environment.pop("RESCIND_HANDLE"))
    assert environment == {"A": "1", "TZ": "UTC", "RESCIND_JOB": mark}
    # In the container there is no ARN yet.
    assert told.identity == {**HANDLE.identity, "mark": mark}


def test_an_id_that_no_tag_may_have_is_a_tag_all_the_same(aws: Aws, ecs: EcsInfrastructure) -> None:
    aws.says("RunTask", described(task()))

    ecs.start(Job(flow_run_id="nightly (3) für é", arguments=[]))

    (asked,) = aws.asked_for("RunTask")
    assert asked["tags"][1]["value"] == "nightly _3_ für é"


def refusal(*reasons: str) -> Answer:
    return 200, {"tasks": [], "failures": [{"reason": reason} for reason in reasons]}


@pytest.mark.parametrize(
    "answer,code,why",
    [
        (failure("ClientException", "Unable to find it"), "not_started", "Unable to find it"),
        (failure("InvalidParameterException", "No subnet"), "not_started", "No subnet"),
        (failure("ClusterNotFoundException"), "not_started", "ClusterNotFoundException"),
        (failure("AccessDeniedException"), "unauthorised", "AWS's own words"),
        (failure("ServerException", status=500), "unavailable", "AWS's own words"),
        (failure("ClientException", "Capacity is unavailable now"), "unavailable", "Capacity"),
        (refusal("MISSING"), "not_started", "MISSING"),
        (refusal("RESOURCE:ENI"), "unavailable", "no room"),
        (refusal(), "not_started", "nothing"),
    ],
)
def test_what_cannot_start_says_why(
    aws: Aws, ecs: EcsInfrastructure, answer: Answer, code: str, why: str
) -> None:
    aws.says("RunTask", answer)
    aws.lists()

    with pytest.raises(InfrastructureError, match=why) as raised:
        ecs.start(JOB)

    assert raised.value.code == code


def test_what_was_started_without_an_answer_is_gone_on_with(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("RunTask", failure("ServerException", status=500))
    aws.lists(running=[TASK])
    aws.answers["DescribeTasks"] = lambda _asked: (200, described(task(startedBy=started_by(aws))))

    handle = ecs.start(JOB)

    assert handle.identity["task"] == TASK
    assert f"rsc-{handle.identity['mark']}" == started_by(aws)


@pytest.mark.parametrize("listed", [(200, {"taskArns": []}), failure("AccessDeniedException")])
def test_what_is_not_seen_to_start_is_named_for_whoever_looks_for_it_later(
    aws: Aws, ecs: EcsInfrastructure, listed: Answer
) -> None:
    aws.says("RunTask", failure("ServerException", status=500))
    aws.says("ListTasks", listed)

    with pytest.raises(InfrastructureError, match="AWS's own words") as raised:
        ecs.start(JOB)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)
    assert f"in cluster {CLUSTER} with startedBy {started_by(aws)}" in str(raised.value)


def test_what_ecs_has_no_room_for_is_not_looked_for(aws: Aws, ecs: EcsInfrastructure) -> None:
    aws.says("RunTask", refusal("RESOURCE:ENI"))

    with pytest.raises(InfrastructureError):
        ecs.start(JOB)

    assert [name for name, _ in aws.asked] == ["RunTask"]


def started_by(aws: Aws) -> str:
    (asked,) = aws.asked_for("RunTask")
    return str(asked["startedBy"])


def test_more_words_than_ecs_takes_are_refused_before_it_is_asked(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    with pytest.raises(InfrastructureError, match="ECS takes 8192") as raised:
        ecs.start(Job(flow_run_id="f", arguments=["x" * 8000]))

    assert raised.value.code == "not_started"
    assert aws.asked_for("RunTask") == []


def environment_of(aws: Aws) -> dict[str, str]:
    (asked,) = aws.asked_for("RunTask")
    (override,) = asked["overrides"]["containerOverrides"]
    return {pair["name"]: pair["value"] for pair in override["environment"]}


def test_no_secret_is_told_where_others_read_it(aws: Aws, ecs: EcsInfrastructure) -> None:
    aws.says("DescribeTaskDefinition", defined())

    with pytest.raises(InfrastructureError, match="PASSWORD would be read") as raised:
        ecs.start(SECRET)

    assert raised.value.code == "not_started"
    assert "hidden" not in f"{raised.value}{SECRET!r}"
    assert aws.asked_for("RunTask") == []


def test_a_task_definition_that_is_not_there_starts_nothing(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("DescribeTaskDefinition", failure("ClientException"))

    with pytest.raises(InfrastructureError) as raised:
        ecs.start(SECRET)

    assert raised.value.code == "not_started"


def test_a_secret_that_the_task_definition_has_is_left_to_it(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("DescribeTaskDefinition", defined(secrets=[{"name": "PASSWORD", "valueFrom": "arn"}]))
    aws.says("RunTask", described(task()))

    ecs.start(SECRET)

    assert "PASSWORD" not in environment_of(aws)


def test_a_secret_that_may_be_read_is_told(aws: Aws) -> None:
    aws.says("DescribeTaskDefinition", defined())
    aws.says("RunTask", described(task()))

    with closing(EcsInfrastructure(MADE.model_copy(update={"secrets_in_overrides": True}))) as ecs:
        ecs.start(SECRET)

    assert environment_of(aws)["PASSWORD"] == "hidden"


def test_what_has_just_been_started_runs_though_ecs_does_not_see_it_yet(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    aws.says("RunTask", described(task()))
    aws.says("DescribeTasks", {"tasks": [], "failures": [{"arn": TASK, "reason": "MISSING"}]})
    aws.lists()

    assert ecs.status(ecs.start(JOB)).state == "running"
    # Another one that asks for it has not started it.
    assert ecs.status(HANDLE).state == "not_found"
