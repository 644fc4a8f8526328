"""What a start that fails leaves in the cluster, with the rights of who starts: nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from rescind.errors import UnauthorisedError, UnavailableError
from rescind.events.words import Handle
from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from rescind.runners.infrastructure.kubernetes.finding import jobs_path, pods_path, secrets_path
from rescind.runners.infrastructure.kubernetes.manifest import MARK_LABEL
from tests.contract.infrastructure.kubernetes.losing import losing
from tests.contract.infrastructure.kubernetes.others import left, own_namespace, placed
from tests.contract.infrastructure.kubernetes.test_rights import as_, granted
from tests.contract.infrastructure.places import Place, closed
from tests.contract.infrastructure.test_ending import DEAF
from tests.waiting import until

pytestmark = pytest.mark.kubernetes_cluster


def marked(server: Cluster, namespace: str) -> list[str]:
    """Every object of ours."""
    return [
        f"{path}/{each['metadata']['name']}"
        for path in (jobs_path(namespace), pods_path(namespace), secrets_path(namespace))
        for each in server.get("what is left", path, labelSelector=MARK_LABEL)["items"]
    ]


async def test_who_may_make_no_secret_leaves_no_job_that_waits_for_one(
    place: Place, server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(flow_run_id="f", arguments=["exit 0"], secrets={"PASSWORD": "hush"})
    async with own_namespace(server) as own:
        with granted(server, own, but_for="secrets") as ending:
            with as_(f"rescind-starter{ending}", server, tmp_path, monkeypatch, own):
                starter = placed(place, namespace=own)

            with pytest.raises(UnauthorisedError, match='cannot create resource "secrets"'):
                starter.infrastructure.start(job)

            assert marked(server, own) == []
            closed(starter.infrastructure)


async def test_50_a_job_whose_making_is_not_answered_does_not_run_on(
    place: Place, server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Handle] = []

    def runs(job: dict[str, Any]) -> None:
        made.append(handle_of(place, job))
        place.started.extend(made)
        asyncio.run(until(lambda: place.processes(made[0]) != []))

    with (
        granted(server, server.namespace) as ending,
        as_(f"rescind-starter{ending}", server, tmp_path, monkeypatch),
        losing(tmp_path, monkeypatch, runs),
    ):
        starter = placed(place, grace_seconds=1)
        with pytest.raises(UnavailableError, match="without response"):
            starter.infrastructure.start(Job(flow_run_id="f", arguments=[DEAF]))
        closed(starter.infrastructure)

    (job,) = made
    await until(lambda: place.processes(job) == [])
    await until(lambda: place.infrastructure.status(job).state == "ended")
    assert [each for each in left(server, job) if "/jobs/" in each] == []
    # As with every Job that somebody has deleted.
    place.start("exit 0")
    await until(lambda: left(server, job) == [])


def handle_of(place: Place, job: dict[str, Any]) -> Handle:
    """What the start would have returned."""
    meta = job["metadata"]
    return Handle(
        kind="kubernetes",
        scope=place.infrastructure.scope,
        identity={
            "mark": meta["labels"][MARK_LABEL],
            "namespace": meta["namespace"],
            "job": meta["name"],
        },
        exclusive_to="f",
    )
