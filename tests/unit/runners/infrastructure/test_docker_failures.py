"""What an engine answers, as one of our errors: over a socket, by a server that says just that."""

from collections.abc import Iterator

import orjson
import pytest

from rescind.errors import InfrastructureError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.deployment import DockerDeployment
from rescind.runners.infrastructure.docker import DockerInfrastructure
from tests.unit.runners.infrastructure.answering import Answering, serving

HANDLE = Handle(
    kind="docker",
    scope="docker:E1",
    identity={"mark": "0" * 32, "container": "rescind-0"},
    exclusive_to="f",
)


class Engine(Answering):
    """Says its version and its id, and to everything else the same code."""

    def __init__(self) -> None:
        self.code = 200
        self.engine_id: str = "E1"
        super().__init__()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        del method, body
        code, told = self._told(path)
        return code, orjson.dumps(told)

    def _told(self, path: str) -> tuple[int, object]:
        if path.endswith("/version"):
            return 200, {"ApiVersion": "1.41"}
        if path.endswith("/info"):
            return 200, {"ID": self.engine_id}
        return self.code, [] if self.code == 200 else {"message": "the engine's own words"}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    engine = Engine()
    with serving(engine) as address:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://{address}")
        yield engine


@pytest.fixture
def infrastructure(engine: Engine) -> Iterator[DockerInfrastructure]:
    made = DockerInfrastructure(DockerDeployment(image="some"))
    yield made
    made.close()


@pytest.mark.parametrize(
    "status,code,is_transient",
    [
        (401, "unauthorised", False),
        (403, "unauthorised", False),
        (429, "unavailable", True),
        (500, "unavailable", True),
        (503, "unavailable", True),
        (400, "unsupported", False),
        (409, "unsupported", False),
        (501, "unsupported", False),
    ],
)
def test_50_each_failure_says_what_it_is_and_whether_to_try_again(
    engine: Engine,
    infrastructure: DockerInfrastructure,
    status: int,
    code: str,
    is_transient: bool,
) -> None:
    engine.code = status

    with pytest.raises(InfrastructureError) as raised:
        infrastructure.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == (code, is_transient)
    assert "the engine's own words" in str(raised.value)


def test_49_what_the_engine_does_not_know_has_gone(infrastructure: DockerInfrastructure) -> None:
    assert infrastructure.stop(HANDLE, 0).how == "not_found"


def test_50_an_engine_that_goes_away_claims_nothing(
    engine: Engine, infrastructure: DockerInfrastructure
) -> None:
    engine.shutdown()
    engine.server_close()
    infrastructure.close()

    with pytest.raises(InfrastructureError) as raised:
        infrastructure.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)


def test_49_another_engine_at_the_same_address_claims_nothing(engine: Engine) -> None:
    engine.engine_id = "E2"
    other = DockerInfrastructure()

    with pytest.raises(InfrastructureError) as raised:
        other.stop(HANDLE, 0)
    other.close()

    assert raised.value.code == "not_matching"


def test_an_engine_without_an_id_is_refused(engine: Engine) -> None:
    engine.engine_id = ""

    with pytest.raises(InfrastructureError, match="does not say its id"):
        DockerInfrastructure()


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_what_cannot_start_says_why(
    engine: Engine, infrastructure: DockerInfrastructure, status: int
) -> None:
    engine.code = status

    with pytest.raises(InfrastructureError, match="the engine's own words") as raised:
        infrastructure.start(Job(flow_run_id="f", arguments=[]))

    assert raised.value.code == "not_started"
