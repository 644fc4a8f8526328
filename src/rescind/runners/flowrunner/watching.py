"""What happens in a flow runner, for whoever shows it: the command, the demo, a test."""

from collections.abc import Callable
from dataclasses import dataclass

from rescind.runners.executors import AttemptKey, RungResult, WorkEnd

__all__ = ["Happening", "Watcher"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened here.

    Attributes:
        what: ``registered``, ``asked_early``, ``began``, ``ended``, ``rung``, ``told``, ``lost``,
            or ``exits``: this process is about to end itself.
        key: the attempt that it is about, if it is about one.
        after_ms: since the intent was read, if one was.
        end: for ``ended``.
        rung: for ``rung``.
        message: for people.

    """

    what: str
    key: AttemptKey | None = None
    after_ms: int | None = None
    end: WorkEnd | None = None
    rung: RungResult | None = None
    message: str = ""


class Watcher:
    """Hands on what happens. `tell` is called in whatever thread it happens in; must be quick."""

    def __init__(self, tell: Callable[[Happening], None] | None = None) -> None:
        self._tell = tell

    def registered(self, flow_run_id: str) -> None:
        """The flow run is known to the service, under this id."""
        self._say(Happening("registered", message=flow_run_id))

    def asked_early(self, message: str) -> None:
        """A cancel was asked for before the service has said that it knows the flow run."""
        self._say(Happening("asked_early", message=message))

    def begun(self, key: AttemptKey) -> None:
        """An attempt is about to begin."""
        self._say(Happening("began", key))

    def ended(self, end: WorkEnd, after_ms: int | None) -> None:
        """An attempt has ended."""
        self._say(Happening("ended", end.key, after_ms, end=end))

    def rung(self, result: RungResult, after_ms: int) -> None:
        """A rung of the ladder was taken."""
        self._say(Happening("rung", result.key, after_ms, rung=result))

    def told(self, message: str) -> None:
        """An intent was read."""
        self._say(Happening("told", after_ms=0, message=message))

    def lost(self, message: str) -> None:
        """The service has given this runner up."""
        self._say(Happening("lost", message=message))

    def exits(self, message: str) -> None:
        """This process ends itself, to end what it cannot stop."""
        self._say(Happening("exits", message=message))

    def _say(self, happening: Happening) -> None:
        if self._tell is not None:
            self._tell(happening)
