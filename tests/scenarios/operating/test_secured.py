"""The whole service on a Kafka that asks for passwords over TLS and allows what it has a rule for.

Each process has a user of its own, with the rights that ``rescind topics acls`` prints for it.
"""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from confluent_kafka import KafkaError, Producer

from rescind.kafka.embedded.ports import choose_port
from tests.scenarios.harness import House
from tests.scenarios.processes import Process
from tests.secured import ADMIN, Certified, Secured
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROLES: Final = ("worker", "agents", "server", "runner", "requester", "admin")
FLOW: Final = """
import time
from pathlib import Path
from rescind import flow, task

@task
def sleeps() -> None:
    Path("begun").touch()
    time.sleep(600)

@flow
def nightly() -> None:
    sleeps.submit().result()
"""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with Secured(tmp_path_factory.mktemp("secured")) as kafka:
        kafka.admit(f"rescind-{role}" for role in ROLES)
        yield kafka


class Guarded:
    """A deployment whose processes each have a user of their own."""

    def __init__(self, kafka: Secured, folder: Path) -> None:
        self.kafka = kafka
        self.house = House(folder=folder, **kafka.settings(ADMIN))

    def start(self, role: str, *words: str, **settings: Any) -> Process:
        user = self.kafka.settings(f"rescind-{role}")
        given = {**user, **settings}
        return self.house.start("-m", "rescind", *words, cwd=self.house.folder, **given)

    async def run(self, role: str, *words: str, code: int = 0, **settings: Any) -> str:
        """What it says."""
        return await _said(self.start(role, *words, **settings), code)

    async def prepare(self) -> None:
        """Topics, and the rights that are printed for them."""
        await _said(self.house.command("topics", "create"), 0)
        printed = json.loads(await _said(self.house.command("topics", "acls", "--json"), 0))
        self.kafka.allow(printed["commands"])


async def _said(process: Process, code: int) -> str:
    assert await process.exit_code(within_seconds=120) == code, process.said()
    return process.said()


@pytest.fixture
async def guarded(kafka: Secured, tmp_path: Path) -> AsyncIterator[Guarded]:
    guarded = Guarded(kafka, tmp_path)
    try:
        await guarded.prepare()
        yield guarded
    finally:
        guarded.house.close()
        # Shown by pytest if the test has failed.
        sys.stdout.write(guarded.house.said())


async def test_each_does_its_part_with_the_rights_of_its_role(guarded: Guarded) -> None:
    (guarded.house.folder / "nightly.py").write_text(FLOW)
    port = choose_port(0, fallback=True)
    token = (await guarded.run("admin", "tokens", "create", "ada", "--scope", "read")).split()[0]
    for words in (("worker",), ("agents",), ("server",)):
        guarded.start(words[0], *words, http_port=port, access="tokens")
    running = guarded.start("runner", "run", "nightly.py:nightly")
    await until((guarded.house.folder / "begun").exists, within_seconds=120)

    (answer,) = json.loads(await guarded.run("requester", "cancel", "@latest", "--wait", "--json"))
    await running.exit_code()
    (flow,) = json.loads(await guarded.run("requester", "ls", "--json"))

    async def is_shown() -> bool:
        return (await client.get(f"/api/v1/flow-runs/{flow['flow_run_id']}")).status_code == 200

    address, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as client:
        await until(is_shown)

    assert answer["outcome"] == "cancelled"
    assert answer["message"].startswith("cancelled: 1 stopped")
    assert flow["state"] == "Finished.Cancelled"
    await _said(guarded.house.command("audit", "verify"), 0)


@pytest.mark.parametrize(
    "role, topic",
    [
        ("runner", "journal"),
        ("requester", "journal"),
        ("requester", "start-requests"),
        ("server", "journal"),
        ("agents", "open-flows"),
        ("server", "tokens"),
    ],
)
async def test_nobody_writes_what_is_not_theirs(guarded: Guarded, role: str, topic: str) -> None:
    refusals: list[KafkaError | None] = []
    producer = Producer(guarded.kafka.librdkafka(f"rescind-{role}"))
    topic = f"{guarded.house.names.prefix}{topic}"
    producer.produce(topic, b"{}", b"k", on_delivery=lambda error, _: refusals.append(error))
    producer.flush(60)

    assert [error and error.code() for error in refusals] == [KafkaError.TOPIC_AUTHORIZATION_FAILED]


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"sasl_password": "a guess"}, "see RESCIND_SASL_USERNAME and RESCIND_SASL_PASSWORD"),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "RESCIND_SASL_MECHANISM is one that it offers"),
        ({"tls_ca_file": ""}, "set RESCIND_TLS_CA_FILE to the certificate of the authority"),
        # Who is spoken to otherwise than they expect closes the connection.
        ({"security_protocol": "PLAINTEXT"}, "or RESCIND_SECURITY_PROTOCOL to what it speaks"),
    ],
)
async def test_who_does_not_get_in_is_told_why(
    guarded: Guarded, wrong: dict[str, str], said: str
) -> None:
    complaint = await guarded.run("requester", "ls", code=3, **wrong)

    assert complaint.startswith("rescind: expected ")
    assert complaint.count("\n") == 1
    assert said in complaint


@pytest.mark.parametrize("service", ["worker", "agents"])
async def test_a_service_that_is_not_let_in_does_not_wait_for_ever(
    guarded: Guarded, service: str
) -> None:
    said = await guarded.run(service, service, code=3, sasl_password="a guess")

    assert "RESCIND_SASL_PASSWORD" in said.splitlines()[-1]


async def test_a_certificate_is_as_good_as_a_password_where_the_broker_says_so(
    tmp_path: Path,
) -> None:
    with Certified(tmp_path) as kafka:
        house = House(folder=tmp_path, **kafka.settings())
        try:
            made = await _said(house.command("topics", "create"), 0)
            refused = await _said(
                house.start("-m", "rescind", "topics", "check", tls_cert_file="", tls_key_file=""),
                3,
            )
        finally:
            house.close()

    assert f"{house.names.journal} made with 2 partitions" in made
    assert refused.startswith("rescind: expected ")
