"""What only Kubernetes has: objects that go before the process does, names that are given anew."""

import asyncio
import time
from typing import Any

import pytest

from rescind.errors import StillRunningError
from rescind.events.words import Handle
from rescind.runners.infrastructure.kubernetes.cluster import Cluster, GoneError
from rescind.runners.infrastructure.kubernetes.finding import Meant, find, jobs_path
from rescind.runners.infrastructure.kubernetes.manifest import FINALIZER
from tests import cluster as real
from tests.contract.infrastructure.kubernetes.others import (
    delete_pod,
    is_deleted,
    left,
    namespace,
    own_namespace,
    placed,
    the_job,
    the_pod,
)
from tests.contract.infrastructure.places import Place, closed
from tests.contract.infrastructure.test_ending import DEAF, GIVES_WAY
from tests.waiting import until

pytestmark = pytest.mark.kubernetes_cluster

POD_SECURITY = "pod-security.kubernetes.io/enforce"


async def test_51_nothing_of_it_stays_in_the_cluster(place: Place, server: Cluster) -> None:
    job = await place.running(GIVES_WAY)
    assert len(left(server, job)) == 2

    how, facts = await place.stop(job, 20)

    # The collector of garbage takes a moment for what no process is in any more.
    await until(lambda: left(server, job) == [])
    assert (how, facts["exit_code"]) == ("terminated", 3)
    assert {"pod", "node", "finished_at", "namespace", "job"} <= facts.keys()


async def test_51_a_pod_deleted_by_force_is_not_gone_before_its_process(
    place: Place, server: Cluster
) -> None:
    job = await place.running(DEAF)
    delete_pod(server, job, 6)
    await until(lambda: is_deleted(server, job))
    delete_pod(server, job, 0)

    assert place.processes(job) != []
    assert place.infrastructure.status(job).state == "running"
    how, facts = await place.stop(job, 0)

    assert place.processes(job) == []
    assert (how, facts["exit_code"]) == ("killed", 137)


async def test_50_a_pod_that_vanished_before_its_end_was_seen_is_not_said_to_have_ended(
    place: Place, server: Cluster
) -> None:
    job = await place.running(DEAF)
    process = place.processes(job)[0]
    delete_pod(server, job, 20)
    path, _ = the_pod(server, job)
    server.patch(
        "its pod", path, {"metadata": {"$deleteFromPrimitiveList/finalizers": [FINALIZER]}}
    )
    delete_pod(server, job, 0)
    await until(lambda: [each for each in left(server, job) if "/pods/" in each] == [])

    with pytest.raises(StillRunningError, match="taken away before its end was seen"):
        await place.stop(job, 0)

    assert process in place.processes(job)
    place.kill(job)
    path, object_ = the_job(server, job)
    server.delete("the Job", path, object_["metadata"]["uid"])


async def test_49_a_stop_that_comes_while_another_waits_does_not_return_before_the_end(
    place: Place, server: Cluster
) -> None:
    slow = placed(place, grace_seconds=5)
    job = await slow.running(DEAF)
    graceful = asyncio.create_task(slow.stop(job, 600))
    await until(lambda: is_deleted(server, job))

    how, _ = await slow.stop(job, 0)

    assert place.processes(job) == []
    assert how in {"killed", "not_found"}
    assert (await graceful)[0] in {"killed", "not_found"}
    closed(slow.infrastructure)


async def test_49_no_grace_is_longer_than_the_deployment_says(place: Place) -> None:
    slow = placed(place, grace_seconds=1)
    job = await slow.running(DEAF)
    began = time.monotonic()

    how, _ = await slow.stop(job, 600)

    assert how == "killed"
    assert time.monotonic() - began < 60


async def test_49_what_an_interrupted_stop_has_left_is_found_to_have_ended(
    place: Place, server: Cluster
) -> None:
    job = await place.running(DEAF)
    delete_pod(server, job, 1)
    assert await place.ended(job) == 137

    how, facts = await place.stop(job, 0)

    assert (how, facts["exit_code"]) == ("ended", 137)
    await until(lambda: left(server, job) == [])


async def test_what_somebody_else_has_deleted_is_let_go_by_the_next_one_once_it_has_ended(
    place: Place, server: Cluster
) -> None:
    slow = placed(place, grace_seconds=60)
    ended, runs = place.start("exit 0"), await slow.running(DEAF)
    await place.ended(ended)
    for job in (ended, runs):
        path, object_ = the_job(server, job)
        server.delete("the Job", path, object_["metadata"]["uid"])
    await until(lambda: is_deleted(server, ended) and is_deleted(server, runs))

    place.start("exit 0")

    assert place.processes(runs) != []
    assert len(left(server, runs)) == 1
    await until(lambda: left(server, ended) == [])
    # Nobody waits for the end of its grace.
    place.kill(runs)
    closed(slow.infrastructure)


@pytest.mark.parametrize(
    "more",
    [{"pod": {"nodeSelector": {"no": "such-node"}}}, {"image": "local/no-such-image:1"}],
    ids=["unschedulable", "no image"],
)
async def test_49_what_waits_to_begin_is_stopped_and_is_known_never_to_have_run(
    place: Place, server: Cluster, more: dict[str, Any]
) -> None:
    stuck = placed(place, **more)
    job = stuck.start("exit 0")
    meant = Meant.of(job, stuck.infrastructure.scope)
    await until(lambda: any(pod.waits_for for pod in find(server, meant).pods))
    assert stuck.infrastructure.status(job).state == "running"

    how, facts = await stuck.stop(job, 0)

    assert (how, facts["never_ran"]) == ("terminated", True)
    await until(lambda: left(server, job) == [])


async def test_49_a_job_that_is_given_no_pod_is_stopped_and_is_known_never_to_have_run(
    place: Place, server: Cluster
) -> None:
    # Of pods that mount folders of their node, as those of these tests, there may be none.
    async with own_namespace(server, **{POD_SECURITY: "baseline"}) as strict:
        refused = placed(place, namespace=strict)
        job = refused.start("exit 0")
        # Whoever makes the pods of Jobs has seen it.
        await until(lambda: "startTime" in the_job(server, job)[1]["status"])

        how, facts = await refused.stop(job, 0)

        assert (how, facts["never_ran"]) == ("terminated", True)
        assert left(server, job) == []
        assert (await refused.stop(job, 0))[0] == "not_found"
        closed(refused.infrastructure)


async def test_49_a_job_that_was_made_anew_by_its_name_is_not_touched(
    place: Place, server: Cluster
) -> None:
    job = place.start("exit 0")
    await place.ended(job)
    path, made = the_job(server, job)
    place.infrastructure.clear(job)
    anew = others_job(server, job, str(job.identity["job"]))

    assert (await place.stop(job, 0))[0] == "not_found"
    place.infrastructure.clear(job)
    with pytest.raises(GoneError):
        server.delete("the Job", path, made["metadata"]["uid"])

    assert the_job(server, job)[1]["metadata"]["uid"] == anew["metadata"]["uid"]
    server.delete("the Job", path, anew["metadata"]["uid"])


def others_job(server: Cluster, job: Handle, name: str) -> dict[str, Any]:
    """One that somebody else has made, and that waits for a node."""
    container = {"name": "c", "image": real.IMAGE, "imagePullPolicy": "Never"}
    spec = {
        "restartPolicy": "Never",
        "nodeSelector": {"no": "such-node"},
        "containers": [container],
    }
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": spec}},
    }
    made: dict[str, Any] = server.create("a Job", jobs_path(namespace(job)), body)
    return made


async def test_49_jobs_of_others_in_the_namespace_are_not_touched(
    place: Place, server: Cluster
) -> None:
    job = await place.running(DEAF)
    theirs = others_job(server, job, f"others-{job.identity['job']}")
    path = f"{jobs_path(namespace(job))}/{theirs['metadata']['name']}"

    await place.stop(job, 0)

    assert "deletionTimestamp" not in server.get("a Job", path)["metadata"]
    server.delete("a Job", path, theirs["metadata"]["uid"])
