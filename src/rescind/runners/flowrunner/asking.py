"""A cancel that is asked for here: by a person with Ctrl-C, or by a signal of whoever hosts this.

Ctrl-C once asks for a cancel of the flow run, again for an abort. A host asks once, however often
its signal comes: ``timeout`` sends SIGTERM twice in one moment, and nobody meant an abort.

Until the service may know of the flow run there is nothing to cancel, and both give up. From then
until its answer the cancel may overtake the registration: then it is armed, and the flow run is
born cancelled. Asked again without an answer they give up as well: the service may be away.

When nobody waits for the flow run any more, there is nothing left to ask for either: asked again,
by a person or by a host, this process leaves (`outliving`).
"""

import os
import signal
import threading
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from rescind.runners.flowrunner.watching import Watcher

__all__ = ["Asking"]


class Asks(Protocol):
    """`RunnerClient.ask_cancel`."""

    def __call__(self, flow_run_id: str, reason: str, *, abort: bool) -> object: ...


class Asking:
    """What was asked for one flow run. `post` has a function called in the loop's thread.

    A flow run whose id `is_new` is nobody else's. Under another id one may run already, and only
    the service's answer says that this one is ours to cancel.
    """

    def __init__(
        self,
        flow_run_id: str,
        *,
        is_new: bool,
        post: Callable[..., None],
        watcher: Watcher,
    ) -> None:
        self._flow_run_id = flow_run_id
        self._is_ours = is_new
        self._post = post
        self._watcher = watcher
        self._pid = os.getpid()
        self._ask: Asks | None = None
        self._is_registered = False
        self._times = 0
        self._kept = ""
        self._leave: Callable[[], None] | None = None

    def registers(self, ask: Asks) -> None:
        """From now on the service may know of it. To be called in the loop's thread."""
        self._ask = ask

    def registered(self) -> None:
        """The service has answered that it is ours. To be called in the loop's thread."""
        self._is_ours = self._is_registered = True
        if self._kept:
            self._send(self._kept, abort=False)

    def leaves_by(self, leave: Callable[[], None]) -> None:
        """From now on, whoever asks has `leave` called in the loop's thread."""
        self._leave = leave

    def ctrl_c(self) -> None:
        """A person has pressed it. To be called in the main thread.

        Raises:
            KeyboardInterrupt: there is nothing to ask for yet, or no answer to what was asked.

        """
        self._asked("Ctrl-C", may_abort=True)

    @contextmanager
    def by(self, signals: Collection[signal.Signals]) -> Generator[None]:
        """Take these for a host's wish meanwhile; in another thread than the main one they cannot.

        They raise `KeyboardInterrupt` where Ctrl-C does.
        """
        is_main = threading.current_thread() is threading.main_thread()
        before = {each: signal.signal(each, self._by_host) for each in signals if is_main}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def _by_host(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            # A process that user code has forked has the handler too, and is to end as any does.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            return
        self._asked(signal.Signals(number).name, may_abort=False)

    def _asked(self, by: str, *, may_abort: bool) -> None:
        if self._leave is not None:
            self._post(self._leave)
            return
        self._times += 1
        again = self._times > 1
        if self._ask is None or (again and not self._is_registered):
            raise KeyboardInterrupt
        if may_abort or not again:
            self._post(self._take, by, again)

    def _take(self, by: str, abort: bool) -> None:
        if not self._is_registered:
            self._watcher.asked_early(
                f"flow run {self._flow_run_id} is cancelled once it is registered; "
                "asked again, this gives up"
            )
        if self._is_ours:
            self._send(by, abort=abort)
        else:
            self._kept = by

    def _send(self, reason: str, *, abort: bool) -> None:
        assert self._ask is not None
        self._ask(self._flow_run_id, reason, abort=abort)
