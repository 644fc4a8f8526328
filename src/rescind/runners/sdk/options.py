"""What may be said about a task, checked where it is said."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial

from rescind.errors import UnsupportedTaskError
from rescind.runners.sdk.plainly import done_here
from rescind.runners.sdk.signatures import signature_of

__all__ = ["FlowOptions", "TaskOptions", "refuse_coroutine", "refuse_generator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowOptions:
    """How long, and what is allowed.

    `timeout_seconds` counts from when its body begins; when it has passed, all of the flow run is
    stopped as by a cancel, and it has timed out. `may_exit`: on an abort, its process may be ended
    if its body, the flow's own code, cannot be stopped in it. Tasks allow that for themselves.
    """

    timeout_seconds: float | None = None
    may_exit: bool = False

    def check(self, name: str) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            UnsupportedTaskError: the time limit is 0 or negative.

        """
        _check_limit(name, self.timeout_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """How often, how long, and what happens on a cancel. All durations in seconds.

    `on_cancel` is called with the task's own arguments, or without any if it takes none, after an
    attempt was cancelled and before its end is reported; it has `cleanup_seconds`, and may be
    ``async def``. `timeout_seconds` counts from when an attempt begins.
    `cooperative_seconds` is how long a cancelled task is left alone with its flag before it is
    interrupted. `may_exit`: on an abort, the process that it cannot be stopped in may be ended.
    """

    retries: int = 0
    retry_delay_seconds: float = 0.0
    timeout_seconds: float | None = None
    cooperative_seconds: float = 0.0
    on_cancel: Callable[..., object] | None = None
    cleanup_seconds: float = 60.0
    may_exit: bool = False

    def check(self, name: str) -> None:
        """Refuse numbers that mean nothing.

        Raises:
            UnsupportedTaskError: one of them is negative, or the time limit is 0.

        """
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, (int, float)) and value < 0:
                raise UnsupportedTaskError(name, f"has {each.name}={value}", "use 0 or more")
        _check_limit(name, self.timeout_seconds)

    def cleanup(
        self, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> Callable[[], object] | None:
        """The clean-up step of one task run, ready to be called.

        Raises:
            UnsupportedTaskError: it takes other arguments than the task.

        """
        if self.on_cancel is None:
            return None
        signature = signature_of(self.on_cancel)
        if not signature.parameters:
            return partial(done_here, self.on_cancel)
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            why = f"cannot call its on_cancel as it is called itself ({error})"
            raise UnsupportedTaskError(name, why, "give it the same parameters, or none") from None
        return partial(done_here, partial(self.on_cancel, *args, **kwargs))


def _check_limit(name: str, seconds: float | None) -> None:
    if seconds is not None and seconds <= 0:
        why = f"has timeout_seconds={seconds:g}"
        raise UnsupportedTaskError(name, why, "leave it out for no limit")


def refuse_coroutine(name: str, function: Callable[..., object], *, runs_coroutines: bool) -> None:
    """Say so before anything is registered, not when it runs.

    Raises:
        UnsupportedTaskError: it is ``async def``, and the executor runs no coroutines.

    """
    if inspect.iscoroutinefunction(function) and not runs_coroutines:
        raise UnsupportedTaskError(
            name,
            "is `async def`, which this executor does not run",
            "use AsyncExecutor (rescind run --executor async), or asyncio.run in a plain function",
        )


def refuse_generator(name: str, function: Callable[..., object]) -> None:
    """What yields has no end that could be reported.

    Raises:
        UnsupportedTaskError: it is an asynchronous generator.

    """
    if inspect.isasyncgenfunction(function):
        raise UnsupportedTaskError(name, "is a generator", "return a list, or await what it yields")
