"""What tests with a real backend do where that was named, and does not answer: they fail."""

from pathlib import Path

import pytest

from rescind.errors import InfrastructureError
from tests.contract.infrastructure.places import place_of

NAMED_BY = {"docker": "DOCKER_HOST", "kubernetes": "KUBECONFIG"}


@pytest.fixture(params=NAMED_BY)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def what_comes_of(kind: str) -> BaseException:
    with pytest.raises((InfrastructureError, pytest.skip.Exception)) as raised, place_of(kind):
        pass
    return raised.value


def test_a_backend_that_is_named_and_does_not_answer_is_no_reason_to_skip(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    named = f"unix://{nowhere}" if kind == "docker" else str(nowhere)
    monkeypatch.setenv(NAMED_BY[kind], named)

    assert isinstance(what_comes_of(kind), InfrastructureError)


def test_a_backend_that_is_not_named_is_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED_BY[kind], raising=False)

    skipped = what_comes_of(kind)

    assert isinstance(skipped, pytest.skip.Exception)
    assert f"{NAMED_BY[kind]} is not set" in str(skipped)
