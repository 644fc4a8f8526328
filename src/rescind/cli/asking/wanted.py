"""`Cancel`: what was typed after `rescind cancel`, and the requests that it comes to."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ValidationError

from rescind.asking.line import new_request_id
from rescind.cli.asking.sending import this_user
from rescind.cli.asking.subjects import Subject
from rescind.cli.options import misused
from rescind.events.requests import FlowCancel, TaskCancel
from rescind.events.words import CascadePolicy, Mode

__all__ = ["Cancel"]


@dataclass(frozen=True, slots=True)
class Cancel:
    """What was typed.

    Attributes:
        task_run_ids: of the one flow run that is named; none: it as a whole.
        cascade: for all children alike; None: each child's own policy holds.
        wait: follow each run to its end.
        arm: also ask for ids that nobody knows.
        yes: ask the person nothing.
        dry_run: say what would happen, and send nothing.
        answer_seconds: how long to wait for the answer to each.

    """

    ids: Sequence[str]
    task_run_ids: Sequence[str] = ()
    reason: str = ""
    mode: Mode = Mode.GRACEFUL
    cascade: CascadePolicy | None = None
    grace_seconds: float | None = None
    deadline_seconds: float | None = None
    wait: bool = False
    arm: bool = False
    yes: bool = False
    dry_run: bool = False
    answer_seconds: float = 10.0

    @property
    def kills_at_once(self) -> bool:
        """A ladder for which there is no time is an abort, too."""
        return self.mode is Mode.ABORT or self.grace_seconds == 0

    def subjects(self, flow_run_ids: Sequence[str]) -> list[Subject]:
        """What is to be cancelled of these flow runs."""
        tasks: list[str | None] = [*dict.fromkeys(self.task_run_ids)] or [None]
        return [Subject(flow_run_id, task) for flow_run_id in flow_run_ids for task in tasks]

    def request_for(self, subject: Subject) -> FlowCancel | TaskCancel:
        """Raises `typer.BadParameter` if something that was typed does not fit."""
        said: dict[str, Any] = {
            "request_id": new_request_id("cli"),
            "actor": this_user(),
            "at": round(time.time() * 1000),
            "flow_run_id": subject.flow_run_id,
            "reason": self.reason,
            "mode": self.mode,
            "grace_seconds": self.grace_seconds,
            "deadline_seconds": self.deadline_seconds,
        }
        try:
            if subject.task_run_id is None:
                return FlowCancel(**said, cascade=self.cascade)
            return TaskCancel(**said, task_run_id=subject.task_run_id)
        except ValidationError as error:
            raise misused(error) from None
