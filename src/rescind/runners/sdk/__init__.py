"""What people write flows with: `flow`, `task`, `CommandTask`, futures, and `current_run`.

Called directly, flows and tasks are plain Python: nothing is registered, nothing needs a service,
and ``submit`` does the work at once. Under `Flow.run` the same code is a flow run that can be
cancelled. Importing this costs no Kafka and no pydantic; the runner is imported when one runs.
"""

from rescind.runners.sdk.commands import CommandTask
from rescind.runners.sdk.current import CurrentRun, current_run
from rescind.runners.sdk.flows import BoundFlow, Flow, RunOptions, flow
from rescind.runners.sdk.futures import TaskFuture
from rescind.runners.sdk.options import TaskOptions
from rescind.runners.sdk.session import Session
from rescind.runners.sdk.tasks import Task, task

__all__ = [
    "BoundFlow",
    "CommandTask",
    "CurrentRun",
    "Flow",
    "RunOptions",
    "Session",
    "Task",
    "TaskFuture",
    "TaskOptions",
    "current_run",
    "flow",
    "task",
]
