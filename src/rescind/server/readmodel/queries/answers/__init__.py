"""What questions are answered with: frozen, and made of the words that the wire has for them."""

from rescind.server.readmodel.queries.answers.bulks import (
    BulkItemRow,
    BulkRow,
)
from rescind.server.readmodel.queries.answers.cancelling import (
    CancelAccount,
    Cancellable,
    Children,
    ChildRow,
    Family,
    Holder,
    StepTaken,
    TeardownOutcome,
    TeardownTold,
    WaitedFor,
    Warned,
)
from rescind.server.readmodel.queries.answers.runs import (
    FlowRunDetails,
    FlowRunRow,
    Halt,
    JournalEvent,
    LateReport,
    LateReports,
    RunnerRow,
    TaskGroup,
)

__all__ = [
    "BulkItemRow",
    "BulkRow",
    "CancelAccount",
    "Cancellable",
    "ChildRow",
    "Children",
    "Family",
    "FlowRunDetails",
    "FlowRunRow",
    "Halt",
    "Holder",
    "JournalEvent",
    "LateReport",
    "LateReports",
    "RunnerRow",
    "StepTaken",
    "TaskGroup",
    "TeardownOutcome",
    "TeardownTold",
    "WaitedFor",
    "Warned",
]
