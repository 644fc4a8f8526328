"""Fixtures for every test: a broker, names of a test's own, and what was left running."""

import secrets
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from rescind.kafka.connection import Connection
from rescind.kafka.topics import TopicNames
from tests.broker import ServedBroker
from tests.leaks import Running, leaked_since
from tests.postgresql import PostgresqlServer, find_binaries, start_postgresql
from tests.profiles import load_profiles
from tests.sharing import lend_to, lent, served_here
from tests.topics import topics_made

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from tests.dask_cluster import ForeignCluster

# Helpers with asserts of their own, said before any test imports them.
pytest.register_assert_rewrite("tests.scenario", "tests.golden")

load_profiles()

# What tests make go wrong in their own process is logged by structlog's defaults, whose
# tracebacks are drawn by rich: that was half of the processor time of some files.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts this in the background has Ctrl-C ignored, which children inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a test's topics are: how to get there, what they are called, how many partitions."""

    connection: Connection
    names: TopicNames
    partitions: int

    @property
    def bootstrap(self) -> str:
        return self.connection.bootstrap


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist is about to start a process that will run some of the tests."""
    lend_to(node)


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> ServedBroker:
    """The session's broker. A test that kills or stops one starts its own."""
    return lent(pytestconfig)


@pytest.fixture(scope="session")
def bootstrap(broker: ServedBroker) -> str:
    return broker.bootstrap


@pytest.fixture(autouse=True)
def _nothing_is_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    for name in ("broker", "foreign"):
        if name in request.fixturenames:
            # Not the test's own, so it is there before the test begins.
            request.getfixturevalue(name)
    before = Running.now()
    yield
    if left := leaked_since(before):
        pytest.fail("the test left running: " + "; ".join(left))


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[ForeignCluster]":
    """A Dask cluster that no executor has started: two workers of one thread, under nannies."""
    from tests.dask_cluster import foreign_cluster  # Late: Dask takes a second to import.

    with foreign_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster


@pytest.fixture
def unique_prefix() -> str:
    """A topic prefix that nobody else uses on this broker. No topics are made."""
    return f"test-{secrets.token_hex(6)}."


@pytest.fixture
async def cluster(bootstrap: str, unique_prefix: str) -> AsyncIterator[Cluster]:
    """The session's broker with every topic under a prefix of the test's own, two partitions."""
    connection = Connection(bootstrap)
    names = TopicNames(unique_prefix)
    async with topics_made(connection, names, partitions=2):
        yield Cluster(connection, names, partitions=2)


@pytest.fixture
def kept_spans() -> "Iterator[InMemorySpanExporter]":
    """What this process makes of spans meanwhile, each once it has ended."""
    from opentelemetry.sdk.trace import TracerProvider  # Late: few tests need it.
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from rescind.tracing import spans

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans.use(provider)
    yield exporter
    spans.use(None)
    provider.shutdown()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """The session's PostgreSQL, each test with a database of its own in it."""
    if (binaries := find_binaries()) is None:
        pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: apt install postgresql)")
    server = start_postgresql(binaries)
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, of each kind that a read model may be in."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'read-model.db'}"
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if (served := served_here(config)) is not None:
        terminalreporter.write_line(f"Kafka: {served.rung} ({served.why})")
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    total = sum(reasons.values())
    listed = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
    terminalreporter.write_line(f"Not run here: {total}" + (f" ({listed})" if listed else ""))


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    return str(where[2] if isinstance(where, tuple) else where).removeprefix("Skipped: ")
