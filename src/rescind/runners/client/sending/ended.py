"""How an attempt ended, as its runner says it.

The first report of an end that Kafka has is the one that counts, so a report must never be lost
over a detail: texts that are too long are cut, and evidence that cannot be written is left out
and said to be.
"""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Self, TypeAlias

from pydantic import JsonValue, TypeAdapter, ValidationError

from rescind.events.requests import TaskEnd
from rescind.events.words import End, ErrorInfo, How, ReportedEvidence, clipped
from rescind.runners.client.sending.checking import checked

__all__ = ["AnyError", "Ended", "SaidHow"]

AnyError: TypeAlias = BaseException | ErrorInfo | str

SaidHow: TypeAlias = Literal[How.GRACEFUL, How.FORCED, How.NEVER_STARTED]
"""What a runner may claim of a cancelled attempt; the rest are the service's to say."""

_TYPE_CHARACTERS_MAX = 256
_MESSAGE_CHARACTERS_MAX = 8_000
_TRACEBACK_CHARACTERS_MAX = 32_000
_REF_CHARACTERS_MAX = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_evidence_adapter: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(ReportedEvidence)


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one attempt, or of a flow run; made by one of the class methods.

    `evidence` is JSON of at most 16 KiB, with units in its names (``stop_ms``); `retry_at_ms` is
    in milliseconds since 1970.
    """

    end: End
    result_ref: str | None = None
    error: ErrorInfo | None = None
    retry_at_ms: int | None = None
    how: SaidHow | None = None
    stopped_confirmed: bool = True
    evidence: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    @classmethod
    def success(
        cls, result_ref: str | None = None, *, evidence: Mapping[str, JsonValue] | None = None
    ) -> Self:
        """It did what it was there for. `result_ref` says where the result is kept."""
        if result_ref is not None and len(result_ref) > _REF_CHARACTERS_MAX:
            # Cut, it would be the reference of something else.
            raise ValueError(
                f"expected a result_ref of at most {_REF_CHARACTERS_MAX} characters, "
                f"but it has {len(result_ref)}"
            )
        return cls(End.SUCCESS, result_ref=result_ref, evidence=_storable(evidence))

    @classmethod
    def failed(
        cls,
        error: AnyError | None = None,
        *,
        retry_at: datetime | None = None,
        stopped_confirmed: bool = True,
        evidence: Mapping[str, JsonValue] | None = None,
    ) -> Self:
        """It failed. With `retry_at` (a time with its zone) another attempt will be asked for."""
        return cls(
            End.FAILED,
            error=error_info(error),
            retry_at_ms=_moment(retry_at),
            stopped_confirmed=stopped_confirmed,
            evidence=_storable(evidence),
        )

    @classmethod
    def crashed(
        cls,
        error: AnyError | None = None,
        *,
        retry_at: datetime | None = None,
        stopped_confirmed: bool = True,
        evidence: Mapping[str, JsonValue] | None = None,
    ) -> Self:
        """What it ran in died under it."""
        return cls(
            End.CRASHED,
            error=error_info(error),
            retry_at_ms=_moment(retry_at),
            stopped_confirmed=stopped_confirmed,
            evidence=_storable(evidence),
        )

    @classmethod
    def timed_out(
        cls,
        error: AnyError | None = None,
        *,
        retry_at: datetime | None = None,
        stopped_confirmed: bool = True,
        evidence: Mapping[str, JsonValue] | None = None,
    ) -> Self:
        """Its own time limit passed."""
        return cls(
            End.TIMED_OUT,
            error=error_info(error),
            retry_at_ms=_moment(retry_at),
            stopped_confirmed=stopped_confirmed,
            evidence=_storable(evidence),
        )

    @classmethod
    def cancelled(
        cls,
        how: SaidHow = How.GRACEFUL,
        *,
        stopped_confirmed: bool = True,
        error: AnyError | None = None,
        evidence: Mapping[str, JsonValue] | None = None,
    ) -> Self:
        """It was stopped: it gave way, was killed, or never began.

        `stopped_confirmed` claims that nothing of it runs any more; say so only if it was seen.
        """
        return cls(
            End.CANCELLED,
            how=how,
            stopped_confirmed=stopped_confirmed,
            error=error_info(error),
            evidence=_storable(evidence),
        )

    def of_task(self, task_run_id: str, attempt: int) -> TaskEnd:
        """The item of a ``task.finish``. Raises `ValueError` for an id that no run can have."""
        return checked(
            lambda: TaskEnd(
                task_run_id=task_run_id,
                attempt=attempt,
                end=self.end,
                retry_at=self.retry_at_ms,
                how=self.how,
                stopped_confirmed=self.stopped_confirmed,
                error=self.error,
                result_ref=self.result_ref,
                evidence=dict(self.evidence),
            )
        )

    def of_flow(self) -> dict[str, JsonValue]:
        """The fields of a ``flow.finish``."""
        said: dict[str, JsonValue] = {"end": self.end.value, "evidence": dict(self.evidence)}
        if self.error is not None:
            said["error"] = self.error.model_dump(mode="json", exclude_none=True)
        if self.result_ref is not None:
            said["result_ref"] = self.result_ref
        return said


def error_info(error: AnyError | None) -> ErrorInfo | None:
    """An error in words: of what type, what it says, and where it happened."""
    if error is None:
        return None
    if isinstance(error, str):
        return ErrorInfo(type="Error", message=clipped(error, _MESSAGE_CHARACTERS_MAX))
    if isinstance(error, ErrorInfo):
        return error
    story = "".join(traceback.format_exception(error))
    return ErrorInfo(
        type=clipped(type(error).__qualname__, _TYPE_CHARACTERS_MAX),
        message=clipped(str(error), _MESSAGE_CHARACTERS_MAX),
        # The end of a traceback is where it happened.
        traceback=story[-_TRACEBACK_CHARACTERS_MAX:],
    )


def _moment(at: datetime | None) -> int | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("expected retry_at with a time zone, but it has none; add tzinfo=UTC")
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _storable(evidence: Mapping[str, JsonValue] | None) -> dict[str, JsonValue]:
    try:
        return _evidence_adapter.validate_python(dict(evidence or {}))
    except ValidationError as error:
        return {"evidence_left_out": clipped(error.errors(include_url=False)[0]["msg"], 500)}
