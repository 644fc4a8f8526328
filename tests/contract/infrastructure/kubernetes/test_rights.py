"""The rights that the documentation says are enough, and what is said where they are missing."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from rescind.errors import UnauthorisedError
from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from tests import cluster as real
from tests.contract.infrastructure.places import SHELL, Place, closed
from tests.contract.infrastructure.test_ending import DEAF
from tests.package.checkout import ROOT

pytestmark = pytest.mark.kubernetes_cluster

RIGHTS = ROOT / "deploy/kubernetes/rights.yaml"
_PATHS = {
    "ServiceAccount": "/api/v1/namespaces/{}/serviceaccounts",
    "Role": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
}


@pytest.fixture
def rights(server: Cluster) -> Iterator[str]:
    with granted(server, server.namespace) as ending:
        yield ending


@contextmanager
def granted(server: Cluster, namespace: str, *, but_for: str = "nothing") -> Iterator[str]:
    """What the file says, in that namespace and under names of this test; the end of those names.

    ``but_for`` is a resource that nobody is given any right of.
    """
    ending = f"-{os.urandom(4).hex()}"
    text = RIGHTS.read_text()
    for name in ("rescind-runner", "rescind-starter", "rescind-cluster-uid"):
        text = text.replace(f"name: {name}\n", f"name: {name}{ending}\n")
    text = text.replace("namespace: flows\n", f"namespace: {namespace}\n")
    made: list[tuple[str, str]] = []
    try:
        for object_ in yaml.safe_load_all(text):
            if object_["kind"] == "Namespace":
                continue
            rules = object_.get("rules", [])
            rules[:] = [rule for rule in rules if but_for not in rule["resources"]]
            path = _PATHS[object_["kind"]].format(namespace)
            told = server.create("a right", path, object_)["metadata"]
            made.append((f"{path}/{told['name']}", told["uid"]))
        yield ending
    finally:
        for path, uid in reversed(made):
            server.delete("a right", path, uid)


@contextmanager
def as_(
    account: str,
    server: Cluster,
    folder: Path,
    patch: pytest.MonkeyPatch,
    namespace: str | None = None,
) -> Iterator[None]:
    """With a token of that service account, as a pod of it has one."""
    path = f"/api/v1/namespaces/{namespace or server.namespace}/serviceaccounts/{account}/token"
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = server.create("a token", path, body)["status"]["token"]
    with with_token(token, folder, patch):
        yield


@contextmanager
def with_token(token: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    told = kubeconfig()
    for user in told["users"]:
        user["user"] = {"token": token}
    file = folder / "kubeconfig"
    file.write_text(json.dumps(told))
    with patch.context() as patched:
        patched.setenv("KUBECONFIG", str(file))
        yield


def kubeconfig() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    return told


async def test_the_rights_of_the_documentation_are_enough_to_start_one_and_to_clear_it(
    server: Cluster, rights: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_(f"rescind-starter{rights}", server, tmp_path, monkeypatch), as_starter() as place:
        job = place.start("echo said; exit 7")
        place.infrastructure.show(job)
        assert await place.ended(job) == 7
        place.infrastructure.clear(job)
        assert place.infrastructure.status(job).state == "not_found"


@contextmanager
def as_starter() -> Iterator[Place]:
    infrastructure = KubernetesInfrastructure(real.deployment(*SHELL))
    try:
        yield Place(infrastructure)
    finally:
        infrastructure.close()


async def test_the_rights_of_the_documentation_are_enough_to_end_one(
    place: Place,
    server: Cluster,
    rights: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await place.running(DEAF)
    with as_(f"rescind-runner{rights}", server, tmp_path, monkeypatch):
        runner = KubernetesInfrastructure()

    assert runner.stop(job, 0).how == "killed"

    assert place.processes(job) == []
    runner.close()


async def test_from_within_a_pod_the_cluster_around_it_is_meant(
    place: Place, server: Cluster, rights: str
) -> None:
    told = kubeconfig()
    address = urlsplit(told["clusters"][0]["cluster"]["server"])
    made = real.deployment(
        *(sys.executable, "-c"),
        service_account=f"rescind-runner{rights}",
        # Where services have no proxy, their address leads nowhere. This one is of the same server.
        pod={"hostNetwork": True},
        environment={
            "KUBERNETES_SERVICE_HOST": str(address.hostname),
            "KUBERNETES_SERVICE_PORT": str(address.port),
        },
    )
    inside = Place(KubernetesInfrastructure(made), place.started)
    scope = place.infrastructure.scope

    job = inside.start(
        "from rescind.runners.infrastructure.kinds import infrastructure\n"
        f"raise SystemExit(7 if infrastructure('kubernetes').scope == {scope!r} else 1)"
    )

    assert await inside.ended(job) == 7
    closed(inside.infrastructure)


async def test_50_who_may_not_end_it_says_so_and_touches_nothing(
    place: Place,
    server: Cluster,
    rights: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = await place.running(DEAF)
    # It may look, and may not delete pods.
    with as_(f"rescind-starter{rights}", server, tmp_path, monkeypatch):
        other = KubernetesInfrastructure()

    with pytest.raises(UnauthorisedError, match="cannot delete resource") as raised:
        other.stop(job, 0)

    assert (raised.value.code, raised.value.is_transient) == ("unauthorised", False)
    assert place.infrastructure.status(job).state == "running"
    assert place.processes(job) != []
    other.close()


def test_50_who_may_nothing_is_told_at_once(
    place: Place, server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        as_("default", server, tmp_path, monkeypatch),
        pytest.raises(UnauthorisedError, match="kube-system"),
    ):
        KubernetesInfrastructure()


def test_50_a_token_that_is_not_known_is_no_outage(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        with_token("no-such-token", tmp_path, monkeypatch),
        pytest.raises(UnauthorisedError, match="Unauthorized"),
    ):
        KubernetesInfrastructure()
