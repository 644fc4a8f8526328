"""`rescind run --executor dask`, as a process beside a real service."""

from tests.kafka.cli import flows
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import Service

FILE = flows.__file__


async def test_a_flow_runs_its_tasks_on_a_dask_cluster_of_its_own(
    service: Service, rescind: Command
) -> None:
    said = await rescind.process(
        *("run", f"{FILE}:add", "--param", "number=4", "--executor", "dask", "--workers", "1"),
        "--json",
    )

    assert said.code == 0, said.err
    assert said.json["value"] == "16"


async def test_a_dask_cluster_that_is_not_there_is_told_in_one_line(
    service: Service, rescind: Command
) -> None:
    said = await rescind.process("run", f"{FILE}:add", "--executor", "dask:tcp://127.0.0.1:1")

    assert said.code == 1
    assert "expected a Dask cluster at tcp://127.0.0.1:1 that can do work" in said.complaint
