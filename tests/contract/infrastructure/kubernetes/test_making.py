"""What a Job is made of: what is secret, what is taken literally, and what is refused."""

import asyncio

import pytest

from rescind.runners.infrastructure.base import Job
from rescind.runners.infrastructure.kubernetes.cluster import Cluster
from rescind.runners.infrastructure.kubernetes.jobs import KubernetesInfrastructure
from tests import cluster as real
from tests.contract.infrastructure.kubernetes.others import left, placed, the_job, the_pod
from tests.contract.infrastructure.places import Place, closed
from tests.waiting import until

pytestmark = pytest.mark.kubernetes_cluster


async def test_a_secret_is_in_the_process_and_not_in_what_everybody_sees_of_the_job(
    place: Place, server: Cluster
) -> None:
    script = '[ "$PASSWORD" = hush"-"hush ] && [ "$USER" = me ] && exit 7; exit 1'
    job = place.infrastructure.start(
        Job(
            flow_run_id="f",
            arguments=[script],
            environment={"USER": "me"},
            secrets={"PASSWORD": "hush-hush"},
        )
    )
    place.started.append(job)

    assert await place.ended(job) == 7
    assert "hush-hush" not in str(the_job(server, job)) + str(the_pod(server, job))
    assert [each for each in left(server, job) if "/secrets/" in each] != []
    place.infrastructure.clear(job)
    await until(lambda: left(server, job) == [])


async def test_why_it_could_not_even_begin_is_shown(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = Place(KubernetesInfrastructure(real.deployment("no-such-program")), place.started)
    job = broken.start("exit 0")

    broken.infrastructure.show(job)

    err = capfd.readouterr().err
    assert ("StartError" in err, "no-such-program" in err, err.count("\n")) == (True, True, 1)
    closed(broken.infrastructure)


async def test_why_it_does_not_begin_is_shown_while_it_waits(
    place: Place, capfd: pytest.CaptureFixture[str]
) -> None:
    stuck = placed(place, pod={"nodeSelector": {"no": "such-node"}})
    job = stuck.start("exit 0")
    said = ""

    def is_said() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return "waits: Unschedulable: " in said

    showing = asyncio.create_task(asyncio.to_thread(stuck.infrastructure.show, job))
    await until(is_said)
    await stuck.stop(job, 0)
    await showing

    assert said.count("Unschedulable") == 1
    closed(stuck.infrastructure)


async def test_dollars_arrive_as_they_were_written(place: Place) -> None:
    # What it is compared with has none, so nothing could be put in for them.
    script = (
        r"""[ "$VALUE" = "$(printf '\044(A) \044\044 \044A \044')" ] && """
        r"""[ '$(A) $$' = "$(printf '\044(A) \044\044')" ] && exit 7; exit 1"""
    )
    environment = {"A": "a", "VALUE": "$(A) $$ $A $"}
    job = place.infrastructure.start(
        Job(flow_run_id="f", arguments=[script], environment=environment)
    )
    place.started.append(job)

    assert await place.ended(job) == 7


def test_a_key_that_kubernetes_does_not_know_is_refused(place: Place) -> None:
    job = Job(flow_run_id="f", arguments=["exit 0"])
    misspelt = placed(place, pod={"nodeSelektor": {}})

    with pytest.raises(Exception, match=r"nodeSelektor") as raised:
        misspelt.infrastructure.start(job)

    assert getattr(raised.value, "code", None) == "not_started"
