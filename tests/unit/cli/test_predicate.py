"""What `--where` says, as the predicate of a bulk cancellation."""

import pytest
import typer

from rescind.cli.bulk.predicate import predicate
from rescind.events.bulk import BulkTally, FlowPredicate
from rescind.events.refusals import Code
from rescind.telling.story_of_bulks import predicate_in_words, tally_in_words


def test_all_has_to_fit_and_the_same_key_again_means_one_of_these() -> None:
    said = ("name=nightly", "name=weekly", "namespace=etl", "label.team=a=b", "parent=run-1")

    assert predicate(said) == FlowPredicate(
        names=("nightly", "weekly"),
        namespaces=("etl",),
        labels={"team": "a=b"},
        parent="run-1",
    )


@pytest.mark.parametrize(
    "wanted, states",
    [
        ("running", ("Running", "Running.Cancelling")),
        ("Cancelling", ("Running.Cancelling",)),
        ("pending", ("Pending",)),
    ],
)
def test_states_are_said_as_for_ls(wanted: str, states: tuple[str, ...]) -> None:
    assert predicate([f"state={wanted}"]).states == states


@pytest.mark.parametrize(
    "said", [["label.a=1", "label.a=2"], ["parent=x", "parent=y"], ["name"], ["parent=@x"]]
)
def test_what_can_mean_nothing_is_not_asked(said: list[str]) -> None:
    with pytest.raises(typer.BadParameter):
        predicate(said)


def test_a_person_reads_what_is_meant_and_what_came_of_it() -> None:
    where = predicate(["label.team=etl", "name=a", "name=b"])
    assert predicate_in_words(where) == "label team=etl, name a or b"
    assert predicate_in_words(FlowPredicate()) == "every flow run that is open"
    tally = BulkTally(asked=3, refused={Code.ALREADY_CANCELLING: 2})
    assert tally_in_words(tally) == "3 flow runs asked; refused: 2 already_cancelling"
