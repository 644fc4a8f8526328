"""A server of Jobs that loses its answers, or is slow with them: what is left there, and said."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from rescind.errors import UnavailableError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.deployment import KubernetesDeployment
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from tests.unit.runners.infrastructure.answering import Answering, serving
from tests.unit.runners.infrastructure.test_kubernetes_failures import kubeconfig

MARK: Final = "0" * 32
HANDLE: Final = Handle(
    kind="kubernetes",
    scope="kubernetes:U1",
    identity={"mark": MARK, "namespace": "flows", "job": "rescind-0"},
    exclusive_to="f",
)
META: Final = {
    "labels": {"rescind/mark": MARK},
    "annotations": {"rescind/flow-run-id": "f"},
}
# Longer than is waited for a pod that comes after its Job was deleted.
SLOW_SECONDS: Final = 3.0


class Server(Answering):
    """Of one Job, and of the pod that comes of it."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []
        self.pods: list[dict[str, Any]] = []
        self.pod_comes_late = False
        self.another_is_quicker = False
        self.looks_since_deletion = 0
        self.deletions: list[tuple[str, dict[str, Any]]] = []
        super().__init__()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        code, told = self._told(method, path, body)
        return code, orjson.dumps(told)

    def _told(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        match method, path.rsplit("/", 1)[-1]:
            case "GET", "kube-system":
                return 200, {"metadata": {"uid": "U1"}}
            case "GET", "jobs":
                return 200, {"items": self.jobs}
            case "GET", "pods":
                return 200, {"items": self._pods_seen()}
            case "POST", _:
                made = orjson.loads(body)
                made["metadata"]["uid"] = "J1"
                self.jobs.append(made)
                self.pods.append(pod(made["metadata"]))
                return 500, {"message": "etcdserver: request timed out"}
            case "DELETE", name:
                return self._deleted(name, path, orjson.loads(body))
            case _:
                return 404, {"message": "no such path"}

    def _pods_seen(self) -> list[dict[str, Any]]:
        if self.pod_comes_late and self.deletions:
            self.looks_since_deletion += 1
            if self.looks_since_deletion == 2:
                self.pods.append(pod(META))
        return self.pods

    def _deleted(self, name: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        if "/jobs/" in path:
            self.jobs.clear()
            if self.another_is_quicker:
                return 404, {"message": f'jobs.batch "{name}" not found'}
            self.deletions.append((name, body))
            if self.pod_comes_late:
                time.sleep(SLOW_SECONDS)
            return 200, {}
        if not self.pod_comes_late:
            return 403, {"message": f'cannot delete resource "pods" {name}'}
        for each in self.pods:
            each["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        return 200, {}


def pod(of_job: Mapping[str, Any]) -> dict[str, Any]:
    """One that waits for a node."""
    meta = {**of_job, "name": "rescind-0-x", "uid": "P1"}
    return {"metadata": meta, "spec": {}, "status": {"phase": "Pending"}}


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


def test_50_a_job_whose_making_was_not_answered_is_deleted_by_one_who_may_not_delete_pods(
    server: Server, infrastructure: KubernetesInfrastructure
) -> None:
    with pytest.raises(UnavailableError, match="request timed out"):
        infrastructure.start(Job(flow_run_id="f", arguments=[]))

    assert server.pods != []
    assert server.jobs == []
    ((_, said),) = server.deletions
    assert said == {"propagationPolicy": "Background", "preconditions": {"uid": "J1"}}


def test_49_a_pod_that_comes_after_its_job_was_deleted_is_waited_for_however_slow_that_was(
    server: Server, infrastructure: KubernetesInfrastructure
) -> None:
    server.jobs.append({"metadata": {**META, "name": "rescind-0", "uid": "J1"}})
    server.pod_comes_late = True

    evidence = infrastructure.stop(HANDLE, 0)

    assert evidence.how == "terminated"
    assert (evidence.facts["pod"], evidence.facts["never_ran"]) == ("rescind-0-x", True)


def test_49_a_job_that_was_taken_away_before_it_had_a_pod_has_never_run(
    server: Server, infrastructure: KubernetesInfrastructure
) -> None:
    server.jobs.append({"metadata": {**META, "name": "rescind-0", "uid": "J1"}})

    evidence = infrastructure.stop(HANDLE, 0)

    assert evidence.how == "terminated"
    assert evidence.facts == {"namespace": "flows", "job": "rescind-0", "never_ran": True}
    assert infrastructure.stop(HANDLE, 0).how == "not_found"


def test_49_who_finds_that_another_one_has_taken_the_job_away_claims_nothing(
    server: Server, infrastructure: KubernetesInfrastructure
) -> None:
    server.jobs.append({"metadata": {**META, "name": "rescind-0", "uid": "J1"}})
    server.another_is_quicker = True

    assert infrastructure.stop(HANDLE, 0).how == "not_found"
