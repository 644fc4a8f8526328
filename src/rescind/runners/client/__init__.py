"""A runner as a library: register, start, report, be told to stop.

`RunnerClient` for asyncio, `SyncRunnerClient` for threads; the words that they speak with.
"""

from rescind.events.requests import BodySpec, Step
from rescind.events.words import (
    CascadePolicy,
    Clocks,
    End,
    ErrorInfo,
    Handle,
    How,
    Mode,
    ParentLink,
    Rung,
    RunnerCapabilities,
)
from rescind.runners.client.hearing.answers import Grant, Refusal
from rescind.runners.client.hearing.intents import (
    CancelFlow,
    CancelTask,
    Intent,
    Lost,
    StopInfrastructure,
)
from rescind.runners.client.run import Run
from rescind.runners.client.runner import RunnerClient
from rescind.runners.client.scope import Scope
from rescind.runners.client.sending.ended import Ended
from rescind.runners.client.sending.reported import Reported
from rescind.runners.client.specs import TaskSpec
from rescind.runners.client.threads.syncrun import SyncRun
from rescind.runners.client.threads.syncrunner import SyncRunnerClient

__all__ = [
    "BodySpec",
    "CancelFlow",
    "CancelTask",
    "CascadePolicy",
    "Clocks",
    "End",
    "Ended",
    "ErrorInfo",
    "Grant",
    "Handle",
    "How",
    "Intent",
    "Lost",
    "Mode",
    "ParentLink",
    "Refusal",
    "Reported",
    "Run",
    "Rung",
    "RunnerCapabilities",
    "RunnerClient",
    "Scope",
    "Step",
    "StopInfrastructure",
    "SyncRun",
    "SyncRunnerClient",
    "TaskSpec",
]
