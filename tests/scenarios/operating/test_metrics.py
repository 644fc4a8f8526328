"""The metrics of each process that has some, scraped as Prometheus does."""

import re
import signal
import socket
from collections import Counter
from http.client import HTTPConnection
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from tests.scenarios.harness import Scene
from tests.scenarios.hosting import hosted, until_standing_by
from tests.scenarios.processes import Process
from tests.waiting import until

CANCELLING: Final = "rescind_flow_runs_cancelling"

Sample = tuple[str, frozenset[tuple[str, str]]]


def scrape(worker: Process) -> dict[Sample, float]:
    """Every sample that it shows now; nothing as long as it does not say where."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", worker.said())
    if found is None:
        return {}
    connection = HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def events_in(samples: dict[Sample, float]) -> Counter[str]:
    return Counter(
        {
            dict(labels)["type"]: int(value)
            for (name, labels), value in samples.items()
            if name == "rescind_events_total"
        }
    )


async def test_what_a_worker_counts_is_what_the_journal_has(own: Scene) -> None:
    worker = own.house.worker(metrics_port=0)
    ended, open_still = await own.begun("ended", ["t1"]), await own.begun("open", ["t1"])
    await own.cancel(ended.flow_run_id, reason="measured")
    await ended.ends("t1", "cancelled", how="forced", stopped_confirmed=False)
    await ended.ends("body", "success")
    await own.cancel(open_still.flow_run_id)

    async def shows_all() -> bool:
        counted = events_in(scrape(worker))
        return counted == Counter(entry.event.type for entry in own.journal.entries)

    async def shows_the_open_one() -> bool:
        shown = scrape(worker).items()
        return sum(value for (name, _), value in shown if name == CANCELLING) == 1

    await until(shows_all, within_seconds=60)
    await until(shows_the_open_one, within_seconds=60)
    samples = scrape(worker)
    how = frozenset({("how", "forced"), ("confirmed", "false")})
    assert samples["rescind_task_runs_cancelled_total", how] == 1
    told = frozenset({("stage", "told")})
    assert samples["rescind_cancellation_stage_seconds_count", told] == 2
    worker.terminate()
    assert await worker.exit_code() == 0


async def test_a_port_that_is_taken_is_said_in_a_sentence(own: Scene) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        worker = own.house.worker(metrics_port=port)
        assert await worker.exit_code() == 2

    said = worker.said()
    assert "RESCIND_METRICS_PORT" in said
    assert str(port) in said
    assert "Traceback" not in said


def value(process: Process, name: str, **labels: str) -> float | None:
    return scrape(process).get((f"rescind_{name}", frozenset(labels.items())))


async def test_agents_show_what_bulk_cancellations_have_come_to(own: Scene) -> None:
    worker = own.house.worker(metrics_port=0)
    # Nobody beats for these runners: they must not be given up meanwhile.
    agents = own.house.agents(metrics_port=0, lost_after_seconds=600)
    for number in range(3):
        await own.begun(f"bulk-{number}", ["t1"])
    await until(lambda: value(agents, "runners_living") == 3, within_seconds=60)

    code, said = await own.rescind("bulk", "start", "--where", "state=Running", "--yes", "--wait")

    assert code == 0, said
    await until(lambda: value(worker, "bulk_items_total", outcome="took_effect") == 3)
    await until(lambda: value(agents, "cancellations_open") == 3)
    assert value(agents, "cancellations_current") == 1
    assert value(agents, "cancellations_stuck") == 0
    assert [name for name, _ in scrape(agents) if name == "rescind_agents_lag_offsets"]
    agents.terminate()
    assert await agents.exit_code() == 0


async def test_agents_show_whom_they_have_given_up(own: Scene) -> None:
    own.house.worker()
    run = await own.begun("silent", ["t1"])
    await own.cancel(run.flow_run_id)

    agents = own.house.agents(metrics_port=0, heartbeat_seconds=0.5, lost_after_seconds=3)

    await own.event(run.flow_run_id, "flow.cancelled")
    await until(lambda: (value(agents, "runners_given_up_total") or 0) >= 1)
    await until(lambda: value(agents, "cancellations_open") == 0)
    await until(lambda: value(agents, "runners_living") == 0)


async def test_a_runner_that_stands_by_counts_what_it_has_ended(watched: Scene) -> None:
    job = await hosted(watched, "process", "works", executor="process")
    runner = watched.house.start("-m", "rescind", "runner", "--on", "process", metrics_port=0)
    await until_standing_by(runner)

    job.flow_runner().send_signal(signal.SIGSTOP)
    await watched.cancel(job.flow_run_id, grace_seconds=1)

    await watched.event(job.flow_run_id, "flow.cancelled")
    done = {"kind": "process", "outcome": "done", "what": "killed"}
    await until(lambda: value(runner, "teardowns_total", **done) == 1)
    assert value(runner, "teardown_seconds_count", kind="process") == 1
    runner.terminate()
    assert await runner.exit_code() == 0
