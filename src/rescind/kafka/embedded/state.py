"""Where a running embedded broker is: a file in the data folder that every command finds.

The file may outlive its broker (kill -9, power), so it names the process by its id and its
time of start, and whoever reads it is told of living brokers only.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from rescind.kafka.embedded.pins import KAFKA_VERSION

__all__ = ["BrokerState", "read_state"]


@dataclass(frozen=True, slots=True)
class BrokerState:
    """One running broker. ``started_at`` is the process's time of start, in seconds since 1970."""

    bootstrap: str
    pid: int
    started_at: float
    version: str
    log_file: str

    @classmethod
    def of(cls, pid: int, bootstrap: str, log_file: Path) -> Self:
        """The state of a process that has just begun to answer."""
        return cls(
            bootstrap=bootstrap,
            pid=pid,
            started_at=psutil.Process(pid).create_time(),
            version=KAFKA_VERSION,
            log_file=str(log_file),
        )

    @property
    def is_alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < 1
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def read_state(data_dir: Path) -> BrokerState | None:
    """Return the embedded broker that runs on this data folder, or None."""
    try:
        state = BrokerState(**json.loads(_file(data_dir).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return state if state.is_alive else None


def write_state(data_dir: Path, state: BrokerState) -> None:
    file = _file(data_dir)
    whole = file.with_suffix(".new")
    whole.write_text(json.dumps(asdict(state)), encoding="utf-8")
    whole.replace(file)


def remove_state(data_dir: Path) -> None:
    _file(data_dir).unlink(missing_ok=True)


def _file(data_dir: Path) -> Path:
    return data_dir / "kafka" / "broker.json"
