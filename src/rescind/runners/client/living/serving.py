"""What one incarnation needs of a flow run that it serves: told of grants, intents and the end."""

from typing import Protocol

from rescind.runners.client.hearing.answers import Grant
from rescind.runners.client.hearing.intents import CancelFlow, CancelTask
from rescind.runners.client.sending.saying import Attempt

__all__ = ["Served"]


class Served(Protocol):
    """A flow run, seen from the inbox. All of it is called in the event loop and quick."""

    def granted(self, grant: Grant) -> None:
        """An attempt of it may start."""
        ...

    def cancelled(self, intent: CancelFlow | CancelTask) -> None:
        """It, or an attempt of it, is to be stopped."""
        ...

    def settle_held(self) -> list[Attempt]:
        """Report what was granted and never taken as never started; what is held beside that."""
        ...

    def stop(self) -> None:
        """Ask and wait for nothing more."""
        ...
