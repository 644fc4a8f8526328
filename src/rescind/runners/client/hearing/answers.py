"""What a runner is answered: a grant, or a refusal with its reason and remedy.

A grant is leave to begin one attempt, for a short time and by this runner alone. It does not say
that nobody has asked to cancel since: `Run.may_begin` does.
"""

from dataclasses import dataclass, field

from rescind.errors import RefusedError
from rescind.events import intents as wire
from rescind.events.refusals import Code
from rescind.runners.client.clock import Clock, boot_seconds

__all__ = ["Grant", "Refusal"]


@dataclass(frozen=True, slots=True)
class Grant:
    """One attempt may start within `valid_seconds` of `read_at_seconds`.

    `read_at_seconds` is by the clock of `rescind.runners.client.clock.boot_seconds`. `ancestors`
    is, for a child, the chain above its parent, to be named when it registers itself.
    """

    flow_run_id: str
    task_run_id: str
    attempt: int
    valid_seconds: float
    read_at_seconds: float
    ancestors: tuple[str, ...] = ()
    clock: Clock = field(default=boot_seconds, repr=False, compare=False)

    def is_usable(self) -> bool:
        """Whether its time has not passed. `Run.may_begin` also looks whether it was taken back."""
        return self.seconds_left() >= 0

    def seconds_left(self) -> float:
        """For how long it is usable; negative if it is not."""
        return self.read_at_seconds + self.valid_seconds - self.clock()

    @classmethod
    def told(cls, grant: wire.Grant, read_at_seconds: float, clock: Clock) -> "Grant":
        """The grant of an inbox record that was read at this moment."""
        return cls(
            flow_run_id=grant.flow_run_id,
            task_run_id=grant.task_run_id,
            attempt=grant.attempt,
            valid_seconds=grant.valid_seconds,
            read_at_seconds=read_at_seconds,
            ancestors=grant.ancestors,
            clock=clock,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was asked changed nothing.

    `asked` is the type of the request, as ``task.start``. `first` names the event that answered
    the same before, or what stands in the way.
    """

    asked: str
    code: Code
    message: str
    flow_run_id: str | None = None
    task_run_id: str | None = None
    first: str | None = None

    @property
    def remedy(self) -> str:
        """What to do about it, in a sentence."""
        return self.code.remedy

    def error(self) -> RefusedError:
        """The same as an exception, for where there is no other way to say it."""
        return RefusedError(self.asked, self.code.value, self.message, self.remedy)

    @classmethod
    def told(cls, asked: str, refusal: wire.Refusal) -> "Refusal":
        """The refusal of an inbox record."""
        return cls(
            asked=asked,
            code=refusal.code,
            message=refusal.message,
            flow_run_id=refusal.flow_run_id,
            task_run_id=refusal.task_run_id,
            first=refusal.first,
        )
