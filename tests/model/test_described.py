"""What random lives of the service write is what the reference pages and the schemas say."""

import pytest

from tests.described import objections
from tests.model.driver import journal_of


@pytest.mark.parametrize("seed", range(8))
def test_a_life_is_written_as_the_reference_says(seed: int) -> None:
    journal = journal_of(seed, steps=400).splitlines()

    found = list(objections(journal))

    assert found == [], f"seed {seed}: either the code or events/describe is wrong"
