"""The seam between user code and the runner under it.

A `Session` is one flow run in this process, as its body sees it; `FlowRunner` is one. The body
finds it by a context variable that is set around the runner, so no frame of ours lies around user
code (an interrupt that came in such a frame could lose a result; see `mainthread`).

Only the body submits. A task that submitted others would wait for them in a slot that they may
need, and in a process of its own it has no session at all; so that is refused everywhere alike.
"""

import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Final, Protocol

from rescind.errors import WrongPlaceError
from rescind.runners.executors.attempt import running_attempt
from rescind.runners.executors.interrupting.mainthread import main_regions
from rescind.runners.flowrunner.submission import Submission

__all__ = ["BODY_TASK_RUN_ID", "Body", "Session", "any_body_runs", "body_here", "open_body"]

BODY_TASK_RUN_ID: Final = "body"
"""Every flow run's own code is the task run of this name; those of tasks end with a number."""

_NAME_CHARACTERS_MAX: Final = 100  # An id has at most 128, and gets a number.


class Session(Protocol):
    """What the SDK needs of a runner."""

    @property
    def flow_run_id(self) -> str: ...

    @property
    def runs_coroutines(self) -> bool:
        """Whether its executor runs `async def` tasks."""
        ...

    @property
    def is_cancelling(self) -> bool:
        """Whether the runner knows that the flow run is being cancelled."""
        ...

    def submit(self, submission: Submission) -> None:
        """Have it carried out; its `done` tells how it ended."""
        ...

    def wait_for(self, is_done: Callable[[], bool]) -> None:
        """Wait in the body's thread, and run there what is to run there.

        Raises:
            Cancelled: the body was interrupted.

        """
        ...


class Body:
    """A flow's body that runs in this process."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._thread = threading.current_thread()
        self._numbers: Counter[str] = Counter()

    @property
    def is_here(self) -> bool:
        """Whether this is the body's thread, in which the runner can be waited for."""
        return threading.current_thread() is self._thread

    def new_task_run_id(self, name: str) -> str:
        """``load-1``, ``load-2``: the same in every run of a flow that does the same."""
        readable = "".join("-" if char in "/@" or ord(char) < 32 else char for char in name)
        readable = readable[:_NAME_CHARACTERS_MAX]
        self._numbers[readable] += 1
        return f"{readable}-{self._numbers[readable]}"

    def shield(self) -> AbstractContextManager[None]:
        """``with`` it around what no interrupt of the body may leave half done."""
        return main_regions().shield()


_body: ContextVar[Body | None] = ContextVar("rescind_body", default=None)
_bodies: list[Body] = []


@contextmanager
def open_body(session: Session) -> Generator[None]:
    """Make it the flow run of what is called in here, in this thread."""
    body = Body(session)
    token = _body.set(body)
    _bodies.append(body)
    try:
        yield
    finally:
        _bodies.remove(body)
        _body.reset(token)


def any_body_runs() -> bool:
    """Whether a flow runs somewhere in this process."""
    return bool(_bodies)


def body_here() -> Body | None:
    """The body that this code is in; ``None`` where it is plain Python.

    Raises:
        WrongPlaceError: it is in a task, or in a thread of which nobody knows whose it is.

    """
    attempt = running_attempt()
    if attempt is not None and attempt.key.task_run_id != BODY_TASK_RUN_ID:
        raise WrongPlaceError(
            ".submit() in the body of a flow",
            f"the task run {attempt.key.task_run_id!r}",
            "call the task as a function, or submit it from the flow",
        )
    body = _body.get()
    if body is None and any_body_runs():
        raise WrongPlaceError(
            ".submit() in the body of a flow",
            f"the thread {threading.current_thread().name!r} beside it",
            "submit in the flow's own thread",
        )
    return body
