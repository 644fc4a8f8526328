"""Only what was started as that job is touched, and gone is said of nothing else."""

import secrets
from contextlib import closing
from typing import Any

import pytest
from docker import DockerClient

from rescind.errors import NotMatchingError, NotStartedError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.docker import FLOW_RUN_LABEL, DockerInfrastructure
from rescind.runners.infrastructure.ecs import EcsInfrastructure
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from rescind.runners.infrastructure.process import ProcessInfrastructure
from tests import cluster, ecs, engine
from tests.contract.infrastructure.places import KINDS, Place, place_of
from tests.contract.infrastructure.test_ending import DEAF


def changed(handle: Handle, **identity: Any) -> Handle:
    return handle.model_copy(update={"identity": {**handle.identity, **identity}})


def without(handle: Handle, name: str) -> Handle:
    left = {key: value for key, value in handle.identity.items() if key != name}
    return handle.model_copy(update={"identity": left})


async def untouched(place: Place, job: Handle) -> bool:
    return place.infrastructure.status(job).state == "running" and place.processes(job) != []


async def test_49_what_has_another_mark_is_not_touched(place: Place) -> None:
    job = await place.running(DEAF)
    other = changed(job, mark="0" * 32)

    # A container is looked for by its mark: that one is gone, whatever has its name now. A pid
    # with its time of start is that process, and an ARN is that task: it is the mark that does
    # not fit.
    if job.kind in {"process", "ecs"}:
        with pytest.raises(NotMatchingError):
            await place.stop(other, 0)
    else:
        assert (await place.stop(other, 0))[0] == "not_found"

    assert await untouched(place, job)


async def test_49_another_process_with_its_pid_is_not_touched() -> None:
    with place_of("process") as place:
        job = await place.running(DEAF)
        ticks = job.identity["start_ticks"]
        assert isinstance(ticks, int)

        # Of another mark, or what this very job has left behind would be meant.
        how, _ = await place.stop(changed(job, start_ticks=ticks - 1, mark="0" * 32), 0)

        assert how == "not_found"
        assert await untouched(place, job)


async def test_49_of_another_boot_nothing_is_touched_or_claimed() -> None:
    with place_of("process") as place:
        job = await place.running(DEAF)

        with pytest.raises(NotMatchingError, match="another boot"):
            await place.stop(changed(job, boot_id="an-earlier-one"), 0)

        assert await untouched(place, job)


async def test_49_of_another_scope_nothing_is_touched_or_claimed(place: Place) -> None:
    job = await place.running(DEAF)
    elsewhere = job.model_copy(update={"scope": "engine:another"})

    with pytest.raises(NotMatchingError) as raised:
        await place.stop(elsewhere, 0)

    assert (raised.value.code, raised.value.is_transient) == ("not_matching", False)
    assert await untouched(place, job)


async def test_49_of_another_kind_nothing_is_touched_or_claimed(place: Place) -> None:
    job = await place.running(DEAF)

    with pytest.raises(NotMatchingError):
        await place.stop(job.model_copy(update={"kind": "ship"}), 0)

    assert await untouched(place, job)


@pytest.mark.parametrize("identity", [{}, {"mark": 3}, {"mark": ""}], ids=str)
async def test_an_identity_that_says_nothing_claims_nothing(
    place: Place, identity: dict[str, Any]
) -> None:
    nothing = Handle(
        kind=place.infrastructure.kind, scope=place.infrastructure.scope, identity=identity
    )

    with pytest.raises(NotMatchingError):
        await place.stop(nothing, 0)


@pytest.mark.ecs_endpoint
async def test_49_a_task_of_another_flow_run_or_cluster_is_not_its_job() -> None:
    with place_of("ecs") as place:
        job = await place.running(DEAF)
        others = [
            job.model_copy(update={"exclusive_to": "g"}),
            changed(job, cluster="another"),
        ]

        for other in others:
            with pytest.raises(NotMatchingError):
                await place.stop(other, 0)

        assert await untouched(place, job)


@pytest.mark.ecs_endpoint
async def test_49_a_task_is_found_by_its_mark_alone() -> None:
    with place_of("ecs") as place:
        job, bystander = await place.running(DEAF), await place.running(DEAF)
        unknown = str(job.identity["task"])[:-4] + "0000"

        assert place.infrastructure.status(changed(job, task=unknown)).state == "running"
        how, facts = await place.stop(without(job, "task"), 0)

        assert how in place.killed
        assert facts["task"] == job.identity["task"]
        assert place.processes(job) == []
        assert await untouched(place, bystander)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.values[0] in {"docker", "kubernetes"}]
)
async def test_49_a_container_of_another_flow_run_is_not_its_job(kind: str) -> None:
    with place_of(kind) as place:
        job = await place.running(DEAF)

        how, _ = await place.stop(job.model_copy(update={"exclusive_to": "g"}), 0)

        assert how == "not_found"
        assert await untouched(place, job)


async def test_a_job_that_cannot_start_leaves_nothing(place: Place) -> None:
    never = f"never-{secrets.token_hex(4)}"
    job = Job(flow_run_id=never, arguments=[])
    if place.infrastructure.kind == "process":
        with pytest.raises(NotStartedError):
            ProcessInfrastructure(["no-such-program"]).start(job)
        return
    if isinstance(place.infrastructure, EcsInfrastructure):
        with ecs.deployed("sh") as told:
            tasks = EcsInfrastructure(told.model_copy(update={"task_definition": "no-such-one"}))
            with closing(tasks), pytest.raises(NotStartedError, match="no-such-one"):
                tasks.start(job)
        return
    if place.infrastructure.kind == "kubernetes":
        elsewhere = KubernetesInfrastructure(cluster.deployment("sh", namespace="no-such-one"))
        with closing(elsewhere), pytest.raises(NotStartedError, match="no-such-one"):
            elsewhere.start(job)
        return
    made = engine.deployment("sh").model_copy(update={"network": "no-such-network"})
    infrastructure = DockerInfrastructure(made)
    with pytest.raises(NotStartedError) as raised:
        infrastructure.start(job)
    infrastructure.close()

    assert "no-such-network" in str(raised.value)
    client = DockerClient.from_env()
    of_it = client.containers.list(all=True, filters={"label": f"{FLOW_RUN_LABEL}={never}"})
    client.close()
    assert of_it == []
