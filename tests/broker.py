"""The broker that the tests talk to: the first rung of a ladder that holds.

1. ``RESCIND_TEST_BOOTSTRAP``: a cluster that is there already.
2. A container by testcontainers, if a Docker engine answers and has (or can pull) the image.
3. The embedded broker, which needs neither Java nor Docker.

``RESCIND_TEST_BROKER=embedded|testcontainers`` forces a rung: then not to have it is an error.
Every rung is a real Apache Kafka; there is no fake one.
"""

import atexit
import os
import shutil
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from rescind.kafka.embedded.broker import EmbeddedBroker
from rescind.kafka.embedded.download import ensure_jars
from rescind.kafka.embedded.formatting import data_folder, format_data
from rescind.kafka.embedded.java import Java
from rescind.kafka.embedded.pins import pinned_jars
from rescind.kafka.embedded.ports import choose_port
from rescind.kafka.embedded.progress import silent
from rescind.settings import load_settings

IMAGE = os.environ.get("RESCIND_TEST_KAFKA_IMAGE", "apache/kafka:4.1.1")


@dataclass(frozen=True, slots=True)
class ServedBroker:
    """A broker for the session. ``why`` says why this rung and not one before it."""

    bootstrap: str
    rung: str
    why: str
    stop: Callable[[], None]


def serve() -> ServedBroker:
    bootstrap = os.environ.get("RESCIND_TEST_BOOTSTRAP")
    if bootstrap:
        return ServedBroker(bootstrap, "a given cluster", "RESCIND_TEST_BOOTSTRAP", lambda: None)
    forced = os.environ.get("RESCIND_TEST_BROKER")
    if forced == "embedded":
        return _embedded("RESCIND_TEST_BROKER says so")
    missing = _why_no_container(may_pull=True)
    if not missing:
        return _container()
    if forced == "testcontainers":
        raise RuntimeError(f"expected a container, as RESCIND_TEST_BROKER says, but {missing}")
    return _embedded(missing)


def embedded_broker(data_dir: Path, **options: Any) -> EmbeddedBroker:
    """A broker of a test's own, with the program files that all of them share."""
    return EmbeddedBroker(data_dir, load_settings().cache_dir, short_lived=True, **options)


def formatted_broker(data_dir: Path, **options: Any) -> EmbeddedBroker:
    """The same on a data folder that needs no formatting: that is a third of a start."""
    shutil.copytree(data_folder(_formatted()), data_folder(data_dir / "kafka"))
    return embedded_broker(data_dir, **options)


@cache
def _formatted() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rescind-tests-"))
    atexit.register(shutil.rmtree, folder)
    cache_dir = load_settings().cache_dir
    format_data(folder, Java.find(ensure_jars(pinned_jars(), cache_dir, silent), cache_dir))
    return folder


def _embedded(why: str) -> ServedBroker:
    folder = Path(tempfile.mkdtemp(prefix="rescind-tests-"))
    broker = embedded_broker(folder)
    broker.start()

    def stop() -> None:
        broker.stop()
        shutil.rmtree(folder)

    return ServedBroker(broker.bootstrap, "the embedded Kafka", why, stop)


def _why_no_container(*, may_pull: bool) -> str:
    """Return why no container can serve, or nothing if one can."""
    try:
        import docker
        from docker.errors import DockerException, ImageNotFound
    except ImportError:
        return "the package docker is not installed"
    if not _engine_socket_answers():
        return "no Docker engine answers"
    try:
        client = docker.from_env(timeout=120)
    except DockerException:
        return "no Docker engine answers"
    try:
        client.ping()
        client.images.get(IMAGE)
    except ImageNotFound:
        if may_pull:
            try:
                client.images.pull(IMAGE)
            except DockerException:
                return f"Docker has no image {IMAGE} and cannot pull it"
    except DockerException:
        return "no Docker engine answers"
    finally:
        client.close()
    return ""


def _engine_socket_answers() -> bool:
    # Looked at first: docker's client leaves its own socket open when nobody answers.
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if not host.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(host.removeprefix("unix://"))
        except OSError:
            return False
        return True


def _container() -> ServedBroker:
    # Read when testcontainers is imported. Its reaper is an image of its own, and not needed:
    # the container is removed below, and on the loopback of this machine.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = choose_port(0, fallback=True)
    ready = LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(90)
    container = DockerContainer(IMAGE).with_bind_ports(9092, port).waiting_for(ready)
    for name, value in _container_environment(port).items():
        container = container.with_env(name, value)
    container.start()
    return ServedBroker(f"127.0.0.1:{port}", f"a container of {IMAGE}", "Docker", container.stop)


def _container_environment(port: int) -> dict[str, str]:
    # Any KAFKA_ variable makes the image's own configuration go away as a whole.
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,BROKER://:9094,CONTROLLER://:9093",
        # The broker asks itself about transactions through this listener: without one that it
        # can reach from inside, every transaction hangs.
        "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port},BROKER://localhost:9094",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT"
        ),
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_TRANSACTION_MAX_TIMEOUT_MS": "60000",
        "KAFKA_TRANSACTION_ABORT_TIMED_OUT_TRANSACTION_CLEANUP_INTERVAL_MS": "1000",
    }
