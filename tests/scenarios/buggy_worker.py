"""A worker with a bug: ``rescind worker`` whose core fails over some flow runs.

A cancel of a flow run whose id begins with ``bug`` raises, as a mistake in the core would.
"""

import sys

from rescind.cli.command import run_command
from rescind.events.requests import FlowCancel
from rescind.statemachine import decide
from rescind.statemachine.decide.answers import Answer
from rescind.statemachine.decide.cancel import cancel_flow
from rescind.statemachine.draft import Draft
from rescind.statemachine.policy import Asked, Policy


def _cancel_flow(request: FlowCancel, asked: Asked, draft: Draft, policy: Policy) -> Answer:
    if request.flow_run_id.startswith("bug"):
        raise ZeroDivisionError("a bug that the tests have put here")
    return cancel_flow(request, asked, draft, policy)


if __name__ == "__main__":
    decide.cancel_flow = _cancel_flow  # type: ignore[attr-defined]
    sys.exit(run_command(["worker"]))
