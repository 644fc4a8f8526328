"""What ECS says that is no end of a task: failures, exit codes, where it prints."""

from contextlib import closing

import pytest
from botocore import exceptions

from rescind.errors import InfrastructureError
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from rescind.runners.infrastructure.ecs.failures import failures
from tests.unit.runners.infrastructure.ecs.aws import TASK, Answer, Aws, failure, served
from tests.unit.runners.infrastructure.ecs.words import HANDLE, defined, ended, runs, task


@pytest.mark.parametrize(
    "answer,code,is_transient",
    [
        (failure("ThrottlingException"), "unavailable", True),
        (failure("TooManyRequestsException", status=429), "unavailable", True),
        (failure("ServerException", status=500), "unavailable", True),
        (failure("ServiceUnavailable", status=503), "unavailable", True),
        (failure("AccessDeniedException"), "unauthorised", False),
        (failure("ExpiredTokenException"), "unauthorised", False),
        (failure("UnrecognizedClientException", status=403), "unauthorised", False),
        (failure("ClusterNotFoundException"), "not_matching", False),
        (failure("InvalidParameterException"), "unsupported", False),
    ],
)
def test_50_each_failure_says_what_it_is_and_whether_to_try_again(
    aws: Aws, ecs: EcsInfrastructure, answer: Answer, code: str, is_transient: bool
) -> None:
    aws.says("ListTasks", answer)

    with pytest.raises(InfrastructureError) as raised:
        ecs.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == (code, is_transient)
    assert "AWS's own words" in str(raised.value)


def test_50_aws_that_does_not_answer_claims_nothing(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served() as another:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{another.server_port}")
        ecs = EcsInfrastructure()

    with closing(ecs), pytest.raises(InfrastructureError) as raised:
        ecs.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)


def test_50_an_older_client_knows_fewer_failures_and_tells_the_rest_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As botocore 1.40 has them, which `pyproject.toml` allows.
    monkeypatch.delattr(exceptions, "LoginError", raising=False)

    for error, expected in [
        (exceptions.EndpointConnectionError(endpoint_url="x"), "unavailable"),
        (exceptions.UnauthorizedSSOTokenError(), "unauthorised"),
    ]:
        with pytest.raises(InfrastructureError) as raised, failures("AWS"):
            raise error
        assert raised.value.code == expected


@pytest.mark.parametrize(
    "code,stop_code,said",
    [
        (0, "EssentialContainerExited", 0),
        (1, "EssentialContainerExited", 1),
        (0, "UserInitiated", None),
        (143, "UserInitiated", 143),
        (None, "TaskFailedToStart", None),
    ],
)
def test_a_zero_of_what_was_stopped_is_not_the_word_of_its_flow_runner(
    aws: Aws, ecs: EcsInfrastructure, code: int | None, stop_code: str, said: int | None
) -> None:
    runs(aws, ended(code, stopCode=stop_code))

    assert ecs.status(HANDLE).exit_code == said


def test_a_line_says_where_it_prints_and_why_it_has_not_begun(
    aws: Aws, ecs: EcsInfrastructure, capfd: pytest.CaptureFixture[str]
) -> None:
    why = "CannotPullContainerError: no such image"
    runs(aws, ended(None, stopCode="TaskFailedToStart", stoppedReason=why))
    aws.says("DescribeTaskDefinition", defined(logConfiguration={"logDriver": "splunk"}))

    ecs.show(HANDLE)

    assert capfd.readouterr().err.splitlines() == [
        f"what {TASK} prints is where its log driver sends it",
        f"{TASK} has not begun: {why}",
    ]


@pytest.mark.parametrize("throttled", ["ListTasks", "DescribeTasks", "DescribeTaskDefinition"])
def test_throttled_it_asks_again_where_it_prints(
    aws: Aws, ecs: EcsInfrastructure, capfd: pytest.CaptureFixture[str], throttled: str
) -> None:
    runs(aws, ended(0))
    aws.says("DescribeTaskDefinition", defined(logConfiguration={"logDriver": "splunk"}))
    aws.refuses_once(throttled, failure("ThrottlingException"))

    ecs.show(HANDLE)

    said = f"what {TASK} prints is where its log driver sends it\n"
    assert (aws.asked[-1][0], capfd.readouterr().err) == ("DescribeTasks", said)


def test_where_a_task_that_runs_prints_may_be_unknown_but_it_has_started(
    aws: Aws, ecs: EcsInfrastructure
) -> None:
    runs(aws, task())
    aws.says("DescribeTaskDefinition", failure("ClientException"))

    with pytest.raises(InfrastructureError) as raised:
        ecs.show(HANDLE)

    assert raised.value.code == "unsupported"


@pytest.mark.parametrize(
    "missing,why", [("AWS_REGION", "set AWS_REGION"), ("AWS_ACCESS_KEY_ID", "redentials")]
)
def test_without_a_region_or_credentials_it_says_so(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, missing: str, why: str
) -> None:
    monkeypatch.delenv(missing)

    with pytest.raises(InfrastructureError, match=why) as raised:
        EcsInfrastructure()

    assert "\n" not in str(raised.value)
