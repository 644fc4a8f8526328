"""`task`: a function that can be a task run."""

from collections.abc import Callable, Coroutine
from functools import partial, update_wrapper
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from rescind.cancelled import Cancelled
from rescind.errors import UnsupportedTaskError
from rescind.runners.executors.base import Call, Command
from rescind.runners.flowrunner.submission import Submission
from rescind.runners.sdk.futures import TaskFuture
from rescind.runners.sdk.options import TaskOptions, refuse_coroutine, refuse_generator
from rescind.runners.sdk.plainly import outcome_now
from rescind.runners.sdk.sending import FunctionByName, is_found_by_name, object_by_name
from rescind.runners.sdk.session import Body, body_here

__all__ = ["Task", "submit_to", "task"]

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class Task(Generic[P, R_co]):
    """A function that `submit` makes a task run of. Calling it is calling the function."""

    __name__: str
    __qualname__: str

    def __init__(self, function: Callable[P, R_co], name: str, options: TaskOptions) -> None:
        refuse_generator(name, function)
        options.check(name)
        update_wrapper(self, function)
        self.function = function
        self.name = name
        self.options = options

    def __repr__(self) -> str:
        return f"<Task {self.name!r}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        return self.function(*args, **kwargs)

    @overload
    def submit(
        self: "Task[P, Coroutine[Any, Any, T]]", *args: P.args, **kwargs: P.kwargs
    ) -> TaskFuture[T]: ...
    @overload
    def submit(self, *args: P.args, **kwargs: P.kwargs) -> TaskFuture[R_co]: ...
    def submit(self, *args: P.args, **kwargs: P.kwargs) -> TaskFuture[Any]:
        """Have it run as a task run of the flow that this is called in.

        Outside of any flow run it runs here and now, once.

        Raises:
            WrongPlaceError: this is a task, or a thread beside the flow.
            Cancelled: the flow run is being cancelled; nothing more is submitted.
            UnsupportedTaskError: what was given cannot be handed to it, or it is `async def` and
                the executor runs no coroutines.

        """
        _refuse_futures(self.name, (*args, *kwargs.values()))
        body = body_here()
        if body is None:
            return TaskFuture(
                self.name, self.name, outcome_now(partial(self.function, *args, **kwargs)), None
            )
        can = body.session.runs_coroutines
        refuse_coroutine(self.name, self.function, runs_coroutines=can)
        call = Call(self.function, args, kwargs, sent_as=self._sent_as())
        cleanup = self.options.cleanup(self.name, args, kwargs)
        return submit_to(body, self.name, call, self.options, cleanup)

    def __reduce__(self) -> str | tuple[Any, ...]:
        if is_found_by_name(self, self.__module__, self.__qualname__):
            return object_by_name, (self.__module__, self.__qualname__)
        return Task, (self.function, self.name, self.options)

    def _sent_as(self) -> FunctionByName | None:
        if is_found_by_name(self, self.__module__, self.__qualname__):
            return FunctionByName(self.__module__, self.__qualname__)
        return None


class _TaskDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    name: str | None = None,
    retries: int = 0,
    retry_delay_seconds: float = 0.0,
    timeout_seconds: float | None = None,
    cooperative_seconds: float = 0.0,
    on_cancel: Callable[..., object] | None = None,
    cleanup_seconds: float = 60.0,
    may_exit: bool = False,
) -> _TaskDecorator: ...
def task(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any
) -> Any:
    """Make a task of a function: ``@task``, or ``@task(retries=2, ...)`` (see `TaskOptions`)."""

    def decorate(function: Callable[..., Any]) -> Task[..., Any]:
        return Task(function, name or function.__name__, TaskOptions(**options))

    return decorate if function is None else decorate(function)


def submit_to(
    body: Body,
    name: str,
    does: Call | Command,
    options: TaskOptions,
    cleanup: Callable[[], object] | None,
) -> TaskFuture[Any]:
    """Hand a new task run to the runner of that body.

    Raises:
        Cancelled: the flow run is being cancelled; nothing more is submitted.

    """
    if body.session.is_cancelling:
        raise Cancelled
    # An interrupt between the two halves would leave a task run that nobody has a future of.
    with body.shield():
        submission = Submission(
            task_run_id=body.new_task_run_id(name),
            name=name,
            does=does,
            retries=options.retries,
            retry_delay_seconds=options.retry_delay_seconds,
            timeout_seconds=options.timeout_seconds,
            cooperative_seconds=options.cooperative_seconds,
            on_cancel=cleanup,
            cleanup_seconds=options.cleanup_seconds,
            may_exit=options.may_exit,
        )
        body.session.submit(submission)
    return TaskFuture(name, submission.task_run_id, submission.done, body)


def _refuse_futures(name: str, arguments: tuple[object, ...]) -> None:
    if any(isinstance(argument, TaskFuture) for argument in arguments):
        raise UnsupportedTaskError(name, "was given a future", "give it the future's .result()")
