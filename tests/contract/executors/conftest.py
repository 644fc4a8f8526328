import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rescind import DaskExecutor
from rescind.runners.executors.processtree.cgroup import Cgroup
from tests.contract.executors.bench import Bench
from tests.contract.executors.kinds import KINDS, Kind


def _skip_without_cgroups() -> None:
    group = Cgroup.make(f"rescind-test-{os.getpid()}")
    if group is None:
        pytest.skip("no cgroup of version 2 can be made by this user here")
    group.remove()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A kind shows only by its parameter what it needs to be there before the test."""
    for item in items:
        if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
            continue
        kind = item.callspec.params.get("kind")
        if isinstance(kind, Kind) and kind.on_a_foreign_cluster:
            item.fixturenames.insert(0, "foreign")


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    if kind.uses_cgroup:
        _skip_without_cgroups()
    if kind.on_a_foreign_cluster:
        address = request.getfixturevalue("foreign").address
        return replace(kind, make=lambda: DaskExecutor(address=address))
    return kind


@pytest.fixture
def bench(kind: Kind, tmp_path: Path) -> Iterator[Bench]:
    with Bench(kind, tmp_path) as bench:
        yield bench


@pytest.fixture(params=[kind for kind in KINDS if kind.has_processes], ids=lambda kind: kind.name)
def trees(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """Only those that run work in processes of its own."""
    if request.param.uses_cgroup:
        _skip_without_cgroups()
    with Bench(request.param, tmp_path) as bench:
        yield bench
