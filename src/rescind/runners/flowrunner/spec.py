"""What is to be run as a flow run, and what became of it here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["FlowOutcome", "FlowSpec"]


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """What is to be run, and under which names."""

    name: str
    body: Callable[[], object]
    flow_run_id: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    namespace: str = "default"
    rerun_of: str | None = None
    timeout_seconds: float | None = None
    may_exit: bool = False


@dataclass(frozen=True, slots=True)
class FlowOutcome:
    """How a flow run ended here.

    `state` is what this runner knows; a cancelled flow run may still wait for other runners.
    `value` and `error` are the body's.
    """

    flow_run_id: str
    state: Literal["success", "failed", "cancelled", "lost"]
    value: object = None
    error: BaseException | None = None
    message: str = ""
