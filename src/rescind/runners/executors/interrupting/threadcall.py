"""One call in a thread, into which another thread may raise an exception, and not past it.

``PyThreadState_SetAsyncExc`` sets an exception that the thread raises at its next bytecode,
wherever that is then. So it is set only while the thread is in user code, under a lock that the end
of the call takes too; what was set and not yet raised by then is taken back, and what is raised on
the way out is caught there. A value that user code returned is stored by C code, without a bytecode
between (as in `mainthread`), so it is not lost to an exception that comes late.
"""

import ctypes
import threading
import time
from collections.abc import Callable
from itertools import starmap

from rescind.cancelled import Cancelled

__all__ = ["ThreadCall"]


class ThreadCall:
    """One call in one thread, at which an exception may be aimed from another."""

    __slots__ = ("_lock", "_open", "_thread_id", "asked_at", "error", "values")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._thread_id = threading.get_ident()
        self.asked_at: float | None = None
        self.values: list[object] = []
        self.error: BaseException | None = None

    def run(self, call: Callable[[], object]) -> None:
        """Call it; its value or error is in here afterwards, and no exception on its way.

        From the moment that one of the two is there `raise_in` sets nothing more, so at most two
        exceptions are still to come: one that is set and was not raised yet, and one of whoever is
        past its look at this call and holds the lock. Each is taken back, or comes inside a ``try``
        of its own; not in a loop, since Python raises them at the jump back as well.
        """
        try:
            try:
                try:
                    self._open = True
                    # In C up to the stored value, as in `mainthread`: no exception in between.
                    self.values.extend(starmap(call, ((),)))
                except BaseException as error:  # noqa: BLE001 - user code may raise anything.
                    if not self.values:
                        self.error = error
                self._shut()
            except Cancelled:
                self._shut()
        except Cancelled:
            self._shut()

    def raise_in(self) -> bool:
        """Raise `Cancelled` in the thread, if it is in user code."""
        with self._lock:
            if not self._open or self.values or self.error is not None:
                return False
            if self.asked_at is None:
                self.asked_at = time.monotonic()
            _set_exception(self._thread_id, Cancelled)
            return True

    def _shut(self) -> None:
        with self._lock:
            self._open = False
            _set_exception(self._thread_id, None)


def _set_exception(thread_id: int, kind: type[BaseException] | None) -> None:
    exception = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread_id), exception)
