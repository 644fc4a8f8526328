"""What a benchmark says: rows with a target, and where and with what they were measured."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rescind.kafka.embedded.pins import KAFKA_VERSION

__all__ = ["Report", "Row", "latencies", "percentile", "read_report", "shown", "write_report"]

_PACKAGES = ("aiokafka", "pydantic", "orjson", "transitions", "faust-streaming")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure.

    Attributes:
        bench: the benchmark that it is of.
        what: in words.
        measured: the figure, in `unit`.
        target: what is to be reached; None where there is no target.
        lower_is_better: whether the target is an upper bound.
        note: how often it was measured, and how far the samples lie apart.

    """

    bench: str
    what: str
    measured: float
    unit: str
    target: float | None = None
    lower_is_better: bool = True
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Measured against the target: at most 1 is met, whichever way is better."""
        if not self.target or not self.measured:
            return None
        ratio = self.measured / self.target
        return ratio if self.lower_is_better else 1 / ratio


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of one run. `machine` says what it ran on, never which machine it was."""

    at: str
    seed: int
    quick: bool
    machine: dict[str, str | int]
    rows: list[Row]


def percentile(values: Sequence[float], which: float) -> float:
    """The value that so many percent (0 to 100) of the others do not exceed."""
    ordered = sorted(values)
    return ordered[min(round((len(ordered) - 1) * which / 100), len(ordered) - 1)]


def latencies(
    bench: str,
    what: str,
    values_ms: Sequence[float],
    p50_target: float | None = None,
    p99_target: float | None = None,
    note: str = "",
) -> list[Row]:
    """The rows of a latency: its median, and its 99th percentile where that has a target."""
    if not values_ms:
        missed = p50_target or p99_target
        return [Row(bench, what, 0, "ms", missed, note=f"nothing was measured; {note}")]
    p50, p90, p99, largest = (percentile(values_ms, which) for which in (50, 90, 99, 100))
    spread = f"N {len(values_ms):,}, p90 {p90:.1f}, p99 {p99:.1f}, max {largest:.1f} ms"
    rows = [Row(bench, f"{what}, p50", p50, "ms", p50_target, note=_joined(spread, note))]
    if p99_target is not None:
        rows.append(Row(bench, f"{what}, p99", p99, "ms", p99_target))
    return rows


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def shown(value: float) -> str:
    """A figure as a person reads it: three digits that count."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def write_report(rows: Sequence[Row], folder: Path, *, seed: int, quick: bool) -> Path:
    """Keep a run as JSON; returns the file."""
    now = datetime.now(UTC)
    report = Report(now.isoformat(timespec="seconds"), seed, quick, _machine(), list(rows))
    body = asdict(report)
    for said, row in zip(body["rows"], rows, strict=True):
        said["ratio"] = row.ratio
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
    return path


def read_report(path: Path) -> Report:
    """A run as it was written.

    Raises:
        ValueError, TypeError, KeyError: it is no such file.

    """
    body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rows = [Row(**{k: v for k, v in row.items() if k != "ratio"}) for row in body.pop("rows")]
    return Report(rows=rows, **body)


def _machine() -> dict[str, str | int]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        **{name: version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
