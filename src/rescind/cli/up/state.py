"""Who is up on a data folder: a file that a second `rescind up` and `rescind doctor` read.

Where Kafka is stands in a file of the broker's own, which every command finds. This one names
the supervisor, by its process id and time of start: it may outlive who wrote it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

__all__ = ["UpState", "read_up", "remove_up", "write_up"]


@dataclass(frozen=True, slots=True)
class UpState:
    """One running `rescind up`.

    Attributes:
        services: each service's log file.
        http: where its HTTP API answers; empty if it has none.

    """

    pid: int
    started_at: float
    bootstrap: str
    services: Mapping[str, str] = field(default_factory=dict[str, str])
    http: str = ""

    @classmethod
    def of_this_process(cls, bootstrap: str, services: Mapping[str, str], http: str) -> "UpState":
        this = psutil.Process()
        return cls(this.pid, this.create_time(), bootstrap, dict(services), http)

    @property
    def is_alive(self) -> bool:
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started_at) < 1
        except psutil.Error:
            return False


def read_up(data_dir: Path) -> UpState | None:
    """Return who is up on this folder now, or None."""
    try:
        state = UpState(**json.loads(_file(data_dir).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return state if state.is_alive else None


def write_up(data_dir: Path, state: UpState) -> None:
    whole = _file(data_dir).with_suffix(".new")
    whole.write_text(json.dumps(asdict(state)), encoding="utf-8")
    whole.replace(_file(data_dir))


def remove_up(data_dir: Path) -> None:
    _file(data_dir).unlink(missing_ok=True)


def _file(data_dir: Path) -> Path:
    return data_dir / "up.json"
