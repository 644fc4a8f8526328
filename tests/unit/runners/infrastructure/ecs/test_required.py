"""Tests of ECS are left out where no emulator is named, and fail where that one does not answer.

Else a step of CI whose emulator is broken would pass with nothing tested.
"""

import pytest

from rescind.errors import UnavailableError
from tests.ecs import required_ecs
from tests.unit.runners.infrastructure.ecs.aws import Aws, served


def test_without_a_name_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)

    with pytest.raises(pytest.skip.Exception, match="AWS_ENDPOINT_URL"):
        required_ecs()


def test_one_that_is_named_and_does_not_answer_is_no_reason_to_skip(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served() as gone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{gone.server_port}")

    with pytest.raises((UnavailableError, pytest.skip.Exception)) as raised:
        required_ecs()

    assert raised.type is UnavailableError
