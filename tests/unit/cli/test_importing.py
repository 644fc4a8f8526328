"""Python's collector rests while much is imported, and is then as it was."""

import gc
from collections.abc import Iterator

import pytest

from rescind.cli.importing import importing


@pytest.fixture
def _collector_as_before() -> Iterator[None]:
    was_enabled = gc.isenabled()
    yield
    (gc.enable if was_enabled else gc.disable)()


@pytest.mark.usefixtures("_collector_as_before")
@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_and_is_then_as_it_was(enabled: bool) -> None:
    (gc.enable if enabled else gc.disable)()

    with importing():
        assert not gc.isenabled()

    assert gc.isenabled() is enabled


def test_the_collector_is_as_it_was_after_an_import_that_failed() -> None:
    with pytest.raises(ImportError), importing():
        raise ImportError

    assert gc.isenabled()
