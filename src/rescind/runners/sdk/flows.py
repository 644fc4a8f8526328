"""`flow`: a function that can be a flow run."""

import inspect
from collections.abc import Callable, Collection, Mapping
from functools import partial, update_wrapper
from signal import Signals
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    ParamSpec,
    Protocol,
    TypedDict,
    TypeVar,
    Unpack,
    overload,
)

from rescind.errors import ParametersError, WrongPlaceError
from rescind.runners.executors import Executor, ProcessExecutor
from rescind.runners.executors.attempt import running_attempt
from rescind.runners.sdk.options import FlowOptions, refuse_coroutine, refuse_generator
from rescind.runners.sdk.plainly import done_here
from rescind.runners.sdk.session import any_body_runs, open_body
from rescind.runners.sdk.signatures import signature_of

if TYPE_CHECKING:
    from rescind.events.words import Handle
    from rescind.runners.flowrunner.spec import FlowOutcome
    from rescind.runners.flowrunner.watching import Happening
    from rescind.settings import Settings

__all__ = ["BoundFlow", "Flow", "RunOptions", "flow"]

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Generic[P, R]):
    """A function that `run` makes a flow run of. Calling it is calling the function."""

    def __init__(
        self, function: Callable[P, R], name: str, options: FlowOptions | None = None
    ) -> None:
        refuse_generator(name, function)
        update_wrapper(self, function)
        self.function = function
        self.name = name
        self.options = options or FlowOptions()
        self.options.check(name)

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> "BoundFlow":
        """The flow with its parameters, checked: ``nightly.bind(parts=3).run(...)``."""
        return BoundFlow(self.name, partial(self.function, *args, **kwargs), self.options)

    def run(
        self,
        executor: Executor | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        **how: "Unpack[RunOptions]",
    ) -> "FlowOutcome":
        """Run it as a flow run that can be cancelled, in the main thread.

        An error of the flow's own code is in the outcome, not raised.

        Args:
            executor: what runs its tasks; by default a process for each processor, or for an
                `async def` flow an event loop.
            params: the function's arguments, by name.
            how: ids, labels and the rest; see `RunOptions`.

        Raises:
            ParametersError: these are not the parameters that it takes.
            WrongPlaceError: a flow runs in this process already.
            RescindError: the service cannot be reached as it must, or refuses the flow run.

        """
        function: Callable[..., object] = self.function
        given = dict(params or {})
        signature = signature_of(function)
        try:
            signature.bind(**given)
        except TypeError as error:
            raise ParametersError(self.name, str(error), str(signature)) from None
        return BoundFlow(self.name, partial(function, **given), self.options).run(executor, **how)


class RunOptions(TypedDict, total=False):
    """What may be said about one run of a flow; all of it may be left out."""

    flow_run_id: str
    """Its id, if it has one elsewhere; by default a new one."""
    labels: Mapping[str, str]
    """For whoever looks for it."""
    namespace: str
    """Whose it is."""
    rerun_of: str | None
    """The flow run that this one repeats."""
    settings: "Settings | None"
    """Where Kafka is and the rest; by default as they are found."""
    pool: str
    """The name of the group of runners that this is one of."""
    handle: "Handle | None"
    """By what this process is ended from outside, if it lives in something of its own."""
    offline: bool
    """Run it plainly, without registering anything: nothing can cancel it."""
    tell: "Callable[[Happening], None] | None"
    """Is told what happens here, in whatever thread it happens."""
    cancel_on: "Collection[Signals]"
    """Signals that ask for a cancel of it once, as Ctrl-C does in any case; in the main thread."""


class BoundFlow:
    """A flow and the parameters of one run of it."""

    def __init__(self, name: str, body: Callable[[], object], options: FlowOptions) -> None:
        self.name = name
        self.body = body
        self.options = options

    def run(self, executor: Executor | None = None, **how: "Unpack[RunOptions]") -> "FlowOutcome":
        """Run it, as `Flow.run` does.

        Raises:
            UnsupportedTaskError: it is `async def`, and the executor runs no coroutines.
            WrongPlaceError: a flow runs in this process already.
            RescindError: the service cannot be reached as it must, or refuses the flow run.

        """
        if running_attempt() is not None or any_body_runs():
            raise WrongPlaceError(
                ".run() outside of any flow run",
                "a process in which a flow runs already",
                "call the flow as a function to have it inside that one",
            )
        executor = executor or _executor_for(self.body)
        refuse_coroutine(self.name, self.body, runs_coroutines=executor.runs_coroutines)
        # Late: it brings Kafka and pydantic, which workers and plain calls do without.
        from rescind.runners.flowrunner.runner import FlowRunner
        from rescind.runners.flowrunner.spec import FlowSpec

        if how.get("offline"):
            return _run_plainly(self.body)
        spec = FlowSpec(
            name=self.name,
            body=self.body,
            flow_run_id=how.get("flow_run_id", ""),
            labels=dict(how.get("labels", {})),
            namespace=how.get("namespace", "default"),
            rerun_of=how.get("rerun_of"),
            timeout_seconds=self.options.timeout_seconds,
            may_exit=self.options.may_exit,
        )
        runner = FlowRunner(
            spec,
            executor,
            how.get("settings"),
            pool=how.get("pool", "default"),
            handle=how.get("handle"),
            tell=how.get("tell"),
            cancel_on=how.get("cancel_on", ()),
        )
        with open_body(runner):
            return runner.run()


def _executor_for(body: Callable[[], object]) -> Executor:
    if not inspect.iscoroutinefunction(body):
        return ProcessExecutor()
    from rescind.runners.executors.eventloop import AsyncExecutor

    return AsyncExecutor()


def _run_plainly(body: Callable[[], object]) -> "FlowOutcome":
    from rescind.runners.flowrunner.spec import FlowOutcome

    try:
        return FlowOutcome("offline", "success", done_here(body))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - also SystemExit: a flow's end is not the command's.
        message = f"{type(error).__name__}: {error}"
        return FlowOutcome("offline", "failed", error=error, message=message)


class _FlowDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(function: Callable[P, R], /) -> Flow[P, R]: ...
@overload
def flow(
    *, name: str | None = None, timeout_seconds: float | None = None, may_exit: bool = False
) -> _FlowDecorator: ...
def flow(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any
) -> Any:
    """Make a flow of a function: ``@flow``, or ``@flow(name="nightly")`` (see `FlowOptions`)."""

    def decorate(function: Callable[..., Any]) -> Flow[..., Any]:
        return Flow(function, name or function.__name__, FlowOptions(**options))

    return decorate if function is None else decorate(function)
