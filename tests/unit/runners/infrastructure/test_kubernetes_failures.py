"""What a cluster answers, as one of our errors: over a socket, by a server that says just that."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from rescind.errors import ExtraMissingError, InfrastructureError, NotStartedError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.deployment import KubernetesDeployment
from rescind.runners.infrastructure.kinds import infrastructure as of_kind
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from tests.unit.runners.infrastructure.answering import Answering, serving

HANDLE = Handle(
    kind="kubernetes",
    scope="kubernetes:U1",
    identity={"mark": "0" * 32, "namespace": "flows", "job": "rescind-0"},
    exclusive_to="f",
)
WORDS = "the cluster's own words"


class Server(Answering):
    """Says the uid of its namespace, and to everything else the same code."""

    def __init__(self) -> None:
        self.code = 200
        self.uid = "U1"
        self.body: bytes | None = None
        super().__init__()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        del method, body
        if path.endswith("/kube-system"):
            return 200, orjson.dumps({"metadata": {"uid": self.uid}})
        if self.body is not None:
            return self.code, self.body
        told: dict[str, object] = {"items": []} if self.code == 200 else {"message": WORDS}
        return self.code, orjson.dumps(told)


def kubeconfig(address: str) -> bytes:
    return orjson.dumps(
        {
            "current-context": "x",
            "clusters": [{"name": "c", "cluster": {"server": address}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [
                {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "flows"}}
            ],
        }
    )


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    server = Server()
    with serving(server) as address:
        file = tmp_path / "kubeconfig"
        file.write_bytes(kubeconfig(f"http://{address}"))
        monkeypatch.setenv("KUBECONFIG", str(file))
        yield server


@pytest.fixture
def infrastructure(server: Server) -> Iterator[KubernetesInfrastructure]:
    made = KubernetesInfrastructure(KubernetesDeployment(image="some"))
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
        (422, "unsupported", False),
    ],
)
def test_50_each_failure_says_what_it_is_and_whether_to_try_again(
    server: Server,
    infrastructure: KubernetesInfrastructure,
    status: int,
    code: str,
    is_transient: bool,
) -> None:
    server.code = status

    with pytest.raises(InfrastructureError) as raised:
        infrastructure.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == (code, is_transient)
    assert WORDS in str(raised.value)


@pytest.mark.parametrize("code", [200, 502])
def test_50_a_proxy_that_answers_for_the_cluster_claims_nothing(
    server: Server, infrastructure: KubernetesInfrastructure, code: int
) -> None:
    server.code, server.body = code, b"<html>\nbad\ngateway</html>"

    with pytest.raises(InfrastructureError, match="<html> bad gateway</html>") as raised:
        infrastructure.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)


def test_49_what_the_cluster_does_not_know_has_gone(
    infrastructure: KubernetesInfrastructure,
) -> None:
    assert infrastructure.stop(HANDLE, 0).how == "not_found"


def test_50_a_cluster_that_goes_away_claims_nothing(
    server: Server, infrastructure: KubernetesInfrastructure
) -> None:
    server.shutdown()
    server.server_close()
    infrastructure.close()

    with pytest.raises(InfrastructureError) as raised:
        infrastructure.stop(HANDLE, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unavailable", True)
    assert "Connection refused" in str(raised.value)


def test_49_another_cluster_at_the_same_address_claims_nothing(server: Server) -> None:
    server.uid = "U2"
    other = KubernetesInfrastructure()

    with pytest.raises(InfrastructureError) as raised:
        other.stop(HANDLE, 0)
    other.close()

    assert raised.value.code == "not_matching"


@pytest.mark.parametrize("key", ["namespace", "job"])
@pytest.mark.parametrize("value", ["", "../secrets", "a/b", "a?b", "A", 3], ids=str)
def test_49_what_would_lead_to_another_path_is_not_asked_for(
    infrastructure: KubernetesInfrastructure, key: str, value: str | int
) -> None:
    handle = HANDLE.model_copy(update={"identity": {**HANDLE.identity, key: value}})

    with pytest.raises(InfrastructureError) as raised:
        infrastructure.stop(handle, 0)

    assert raised.value.code == "not_matching"


@pytest.mark.parametrize(
    "status,words,code",
    [
        (400, WORDS, "not_started"),
        (404, WORDS, "not_started"),
        (409, WORDS, "not_started"),
        (422, WORDS, "not_started"),
        (403, WORDS, "unauthorised"),
        (403, "exceeded quota: jobs", "not_started"),
        (503, WORDS, "unavailable"),
    ],
)
def test_what_cannot_start_says_why(
    server: Server,
    infrastructure: KubernetesInfrastructure,
    status: int,
    words: str,
    code: str,
) -> None:
    server.code, server.body = status, orjson.dumps({"message": words})

    with pytest.raises(InfrastructureError, match=words) as raised:
        infrastructure.start(Job(flow_run_id="f", arguments=[]))

    assert raised.value.code == code


@pytest.mark.parametrize(
    "more,why",
    [
        ({"pod": {"restartPolicy": "Always"}}, "restartPolicy cannot be said there"),
        ({"container": {"name": "mine"}}, "name cannot be said there"),
        ({"pod": {"volumes": 3}}, "volumes must be a list"),
    ],
    ids=str,
)
def test_what_a_deployment_may_not_say_is_said(
    server: Server, more: dict[str, dict[str, object]], why: str
) -> None:
    table = KubernetesDeployment.model_validate({"image": "some", **more})
    made = KubernetesInfrastructure(table)

    with pytest.raises(NotStartedError, match=why):
        made.start(Job(flow_run_id="f", arguments=[]))

    made.close()


def test_without_a_table_none_is_started(server: Server) -> None:
    made = KubernetesInfrastructure()

    with pytest.raises(NotStartedError, match=r"\[kubernetes\] table"):
        made.start(Job(flow_run_id="f", arguments=[]))

    made.close()


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"]", b'{"current-context": "y", "contexts": []}'], ids=str
)
def test_a_kubeconfig_that_is_none_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: bytes
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_bytes(text)
    monkeypatch.setenv("KUBECONFIG", str(file))

    with pytest.raises(InfrastructureError, match="does not say how to get in") as raised:
        KubernetesInfrastructure()

    assert "\n" not in str(raised.value)


def test_a_kubeconfig_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))

    with pytest.raises(InfrastructureError, match="set KUBECONFIG"):
        KubernetesInfrastructure()


def test_a_context_that_is_not_there_is_said(server: Server) -> None:
    with pytest.raises(InfrastructureError, match="no-such"):
        KubernetesInfrastructure(KubernetesDeployment(image="some", context="no-such"))


def test_without_its_client_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "kubernetes.client", None)

    with pytest.raises(ExtraMissingError, match=r"rescind\[kubernetes\]"):
        of_kind("kubernetes")
