"""The page about metrics has each of them, and no other."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from rescind.processors.measuring.agents import AgentMeters
from rescind.processors.measuring.hooks import HookMeters
from rescind.processors.measuring.meters import Meters as MetersOfAWorker
from rescind.processors.measuring.teardowns import TeardownMeters
from rescind.server.api.measuring import Meters as MetersOfTheServer


def _of_agents() -> CollectorRegistry:
    registry = AgentMeters().registry
    HookMeters(registry)
    return registry


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


@pytest.mark.parametrize(
    "part,registry",
    [
        (0, MetersOfAWorker().registry),
        (1, _of_agents()),
        (2, MetersOfTheServer().registry),
        (3, TeardownMeters().registry),
    ],
    ids=["worker", "agents", "server", "runner"],
)
def test_the_page_has_each_metric_and_no_other(part: int, registry: CollectorRegistry) -> None:
    of_process = re.split("## The (?:agents|server|runner)", PAGE.read_text())[part]
    said = re.findall(r"^\| `(rescind_\w+)` \|", of_process, re.MULTILINE)
    shown = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in registry.collect()
    }

    assert sorted(said) == sorted(shown)
