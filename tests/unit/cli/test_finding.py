"""From what a person types to one flow run."""

import pytest

from rescind.cli.reading.finding import resolve
from rescind.errors import AmbiguousIdError, UnknownRunError
from tests.unit.cli.states import NOON, flow

RUNS = [
    flow("nightly-1", registered_at=NOON),
    flow("nightly-12", registered_at=NOON + 2),
    flow("weekly-1", registered_at=NOON + 1),
]


@pytest.mark.parametrize(
    "typed,meant",
    [
        ("weekly-1", "weekly-1"),
        ("w", "weekly-1"),
        # Whole, though another begins so.
        ("nightly-1", "nightly-1"),
        ("nightly-12", "nightly-12"),
        ("@latest", "nightly-12"),
    ],
)
def test_an_id_or_its_beginning_or_the_latest_means_one_run(typed: str, meant: str) -> None:
    assert resolve(typed, RUNS).flow_run_id == meant


def test_a_beginning_that_fits_several_means_none_of_them() -> None:
    with pytest.raises(
        AmbiguousIdError, match=r"2 flow runs begin with 'night' \(nightly-1, nightly-12\)"
    ):
        resolve("night", RUNS)


@pytest.mark.parametrize("typed", ["monthly", "", "ightly-1", "NIGHTLY-1", "@first"])
def test_what_no_id_begins_with_is_unknown(typed: str) -> None:
    with pytest.raises(UnknownRunError):
        resolve(typed, RUNS)


def test_where_nothing_is_known_there_is_no_latest() -> None:
    with pytest.raises(UnknownRunError, match="@latest"):
        resolve("@latest", [])
