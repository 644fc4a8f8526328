"""What is said of a kind in one place is said in all of them."""

from importlib import import_module

import pytest

from rescind.cli.commands.flows import run
from rescind.cli.commands.services import Infrastructure
from rescind.runners.infrastructure.deployment import Deployment
from rescind.runners.infrastructure.kinds import BACKENDS, KINDS


def test_each_kind_can_be_named_in_both_commands() -> None:
    assert sorted(BACKENDS) == sorted(KINDS)
    assert [each.value for each in Infrastructure] == list(KINDS)
    assert all(f"'{kind}'" in str(run.__annotations__["on"]) for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_where_it_is_said_to_be_and_has_a_table(kind: str) -> None:
    backend = next(backend for name, backend in BACKENDS.items() if name == kind)

    assert getattr(import_module(backend.module), backend.name).kind == kind
    assert kind in Deployment.model_fields
