"""The embedded broker's configuration: what one node needs, small and quick.

Written anew at each start, so that a new release brings its own. Everything listens on
loopback; nothing here makes the broker reachable from another machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Ports", "controller_alone", "server_properties", "write_config"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where clients connect, and where the broker talks to its own controller."""

    client: int
    controller: int


def server_properties(data: Path, ports: Ports, extra: Mapping[str, str]) -> str:
    """The text of ``server.properties``; ``extra`` goes before what is written here."""
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{ports.controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": (
            f"PLAINTEXT://127.0.0.1:{ports.client},CONTROLLER://127.0.0.1:{ports.controller}"
        ),
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(data),
        "auto.create.topics.enable": "false",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # Looked for every 10 s by default; an orphan holds up every committed reader.
        # 15 minutes by default. The lifecycle's own last 10 s at most.
        "transaction.max.timeout.ms": "60000",
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
        # 128 MiB by default, a quarter of the heap; 16 hold 700,000 keys a pass.
        "log.cleaner.dedupe.buffer.size": str(16 << 20),
        **extra,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def controller_alone(ports: Ports) -> dict[str, str]:
    """What else to say to a node that only keeps the metadata, and misses its broker at once."""
    return {
        "process.roles": "controller",
        "listeners": f"CONTROLLER://127.0.0.1:{ports.controller}",
        "broker.session.timeout.ms": "100",
        "broker.heartbeat.interval.ms": "50",
    }


def write_config(
    folder: Path, data: Path, log_file: Path, ports: Ports, extra: Mapping[str, str]
) -> tuple[Path, Path]:
    """Write what Kafka and its logging read at their start, and return where."""
    properties, logging = folder / "server.properties", folder / "log4j2.yaml"
    properties.write_text(server_properties(data, ports, extra), encoding="utf-8")
    logging.write_text(_log4j_config(log_file), encoding="utf-8")
    return properties, logging


def _log4j_config(log_file: Path) -> str:
    """The text of ``log4j2.yaml``: one file of 10 MB and two old ones."""
    return f"""Configuration:
  Appenders:
    RollingFile:
      name: file
      fileName: "{log_file}"
      filePattern: "{log_file}.%i"
      PatternLayout: {{pattern: "[%d] %p %m (%c)%n"}}
      Policies: {{SizeBasedTriggeringPolicy: {{size: 10MB}}}}
      DefaultRolloverStrategy: {{max: 2}}
  Loggers:
    Root: {{level: INFO, AppenderRef: [{{ref: file}}]}}
"""
