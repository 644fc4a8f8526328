"""From a state and an event to the next state.

What this does for an event type that has been written may never change: replay calls nothing
else. An event that the state has no edge for raises, since guessing would write the guess into
every replica. Each function knows one record; `Draft.fold` moves an entry through all the
records that it touches.
"""

from rescind.statemachine.evolve.bulk import evolve_bulk
from rescind.statemachine.evolve.flow import evolve_flow
from rescind.statemachine.evolve.runner import evolve_runner
from rescind.statemachine.evolve.task import evolve_task

__all__ = ["evolve_bulk", "evolve_flow", "evolve_runner", "evolve_task"]
