"""`flow`: a function that can be a flow run."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, overload

from rescind.errors import ParametersError, WrongPlaceError
from rescind.runners.executors import Executor, LocalExecutor
from rescind.runners.executors.attempt import running_attempt
from rescind.runners.sdk.options import refuse_async
from rescind.runners.sdk.session import any_body_runs, open_body

if TYPE_CHECKING:
    from rescind.runners.flowrunner.runner import FlowOutcome
    from rescind.settings import Settings

__all__ = ["BoundFlow", "Flow", "flow"]

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Generic[P, R]):
    """A function that `run` makes a flow run of. Calling it is calling the function."""

    def __init__(self, function: Callable[P, R], name: str) -> None:
        refuse_async(name, function)
        update_wrapper(self, function)
        self.function = function
        self.name = name

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> "BoundFlow":
        """The flow with its parameters, ready to run: ``nightly.bind(parts=3).run(...)``."""
        return BoundFlow(self.name, partial(self.function, *args, **kwargs))

    def run(self, parameters: Mapping[str, object] | None = None, **how: Any) -> "FlowOutcome":
        """Run it as a flow run, with parameters by name; `how` is as in `BoundFlow.run`.

        Raises:
            ParametersError: these are not the parameters that it takes.

        """
        given = dict(parameters or {})
        signature = inspect.signature(self.function)
        try:
            signature.bind(**given)
        except TypeError as error:
            raise ParametersError(self.name, str(error), str(signature)) from None
        return BoundFlow(self.name, partial(self.function, **given)).run(**how)


class BoundFlow:
    """A flow and the parameters of one run of it."""

    def __init__(self, name: str, body: Callable[[], object]) -> None:
        self.name = name
        self.body = body

    def run(
        self,
        *,
        executor: Executor | None = None,
        settings: "Settings | None" = None,
        flow_run_id: str = "",
        labels: Mapping[str, str] | None = None,
        namespace: str = "default",
        rerun_of: str | None = None,
        pool: str = "default",
    ) -> "FlowOutcome":
        """Run it to its end, in the main thread; an error of the flow is in the outcome.

        Args:
            executor: what runs its tasks; by default they run in the main thread too.
            settings: where Kafka is and the rest; by default as the environment says.
            flow_run_id: its id, if it has one elsewhere; by default a new one.
            labels: for whoever looks for it.
            namespace: to whom it belongs.
            rerun_of: the flow run that this one does again.
            pool: the name of the group of runners that this is one of.

        Raises:
            WrongPlaceError: a flow runs in this process already.
            RescindError: the service cannot be reached as it must, or refuses the flow run.

        """
        if running_attempt() is not None or any_body_runs():
            raise WrongPlaceError(
                ".run() outside of any flow run",
                "a process in which a flow runs already",
                "call the flow as a function to have it inside that one",
            )
        # Late: it brings Kafka and pydantic, which workers and plain calls do without.
        from rescind.runners.flowrunner.runner import FlowRunner, FlowSpec

        spec = FlowSpec(
            name=self.name,
            body=self.body,
            flow_run_id=flow_run_id,
            labels=dict(labels or {}),
            namespace=namespace,
            rerun_of=rerun_of,
        )
        runner = FlowRunner(spec, executor or LocalExecutor(), settings, pool=pool)
        with open_body(runner):
            return runner.run()


class _FlowDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(function: Callable[P, R], /) -> Flow[P, R]: ...
@overload
def flow(*, name: str | None = None) -> _FlowDecorator: ...
def flow(function: Callable[..., Any] | None = None, /, *, name: str | None = None) -> Any:
    """Make a flow of a function: ``@flow``, or ``@flow(name="nightly")``."""

    def decorate(function: Callable[..., Any]) -> Flow[..., Any]:
        return Flow(function, name or function.__name__)

    return decorate if function is None else decorate(function)
