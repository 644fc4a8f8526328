"""An id may have several lives: the tables show the last one, the events all of them."""

import pytest

from rescind.events.journal import Entry
from rescind.events.requests import FlowRegister
from rescind.server.readmodel.tables import armed, events, flow_labels, flow_runs, task_runs
from tests.contract.readmodel.tables import Told
from tests.world import RUN, World


def two_lives() -> list[Entry]:
    ...
