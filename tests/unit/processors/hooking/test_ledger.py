"""What is open of a partition: whatever is taken in whichever order, nothing open is forgotten."""

import random

import pytest

from rescind.processors.hooking.ledger import Item, Ledger, Saved, begun_at


def test_what_one_waits_for_does_not_hold_up_what_is_kept_of_the_others() -> None:
    ledger = Ledger(Saved(10))
    for offset in (10, 12, 13):
        ledger.begin(Item(offset, "b"))
    ledger.read_up_to(20)
    ledger.end(Item(12, "b"))

    again = Ledger(ledger.saved())

    assert again.first == 10
    due = [offset for offset in range(10, 22) if again.is_due(Item(offset, "b"))]
    assert due == [10, 13, 20, 21]


def test_two_things_of_one_record_are_kept_apart() -> None:
    ledger = Ledger(Saved(5))
    ledger.begin(Item(5, "b"))
    ledger.begin(Item(5, "s"))
    ledger.read_up_to(6)
    ledger.end(Item(5, "b"))

    again = Ledger(ledger.saved())

    assert (again.is_due(Item(5, "b")), again.is_due(Item(5, "s"))) == (False, True)


def test_with_nothing_open_only_the_end_is_kept() -> None:
    ledger = Ledger(Saved(5))
    ledger.begin(Item(7, "b"))
    ledger.read_up_to(9)
    ledger.end(Item(7, "b"))

    assert ledger.saved() == Saved(9)


def test_what_was_open_before_a_restart_stays_open_until_it_is_read_again() -> None:
    before = Ledger(Saved(0))
    for offset in (3, 8):
        before.begin(Item(offset, "e"))
    before.read_up_to(10)

    again = Ledger(before.saved())
    again.read_up_to(3)

    assert again.saved() == before.saved()


@pytest.mark.parametrize(
    "text", ["", "1 10 0b", "2", "2 5", "2 x 0", "2 5 0 zz", "anything at all"]
)
def test_of_a_text_that_it_cannot_read_all_is_told_again(text: str) -> None:
    ledger = Ledger(Saved(4, text))

    assert ledger.first == 4
    assert all(ledger.is_due(Item(offset, "b")) for offset in range(4, 30))


@pytest.mark.parametrize("seed", range(40))
def test_through_any_restarts_each_is_told_at_least_once_and_what_fits_only_once(seed: int) -> None:
    chance = random.Random(seed)  # The seed is in the test's name.
    wanted = [Item(offset, chance.choice("be")) for offset in range(0, 900, chance.randint(1, 9))]
    told: dict[Item, int] = dict.fromkeys(wanted, 0)
    saved = Saved(0)
    for _ in range(1_000):
        ledger, is_open = Ledger(saved), list[Item]()
        for item in (item for item in wanted if item.offset >= ledger.first):
            if ledger.is_due(item):
                ledger.begin(item)
                is_open.append(item)
            ledger.read_up_to(item.offset + 1)
            while is_open and chance.random() < 0.5:
                taken = is_open.pop(chance.randrange(len(is_open)))
                told[taken] += 1
                ledger.end(taken)
            if chance.random() < 0.01:
                break
        saved = ledger.saved()
        assert len(saved.text) < 4_000
        if saved.offset > wanted[-1].offset:
            break

    assert set(told.values()) == {1}


def test_more_than_fits_is_told_again_and_never_forgotten() -> None:
    ledger = Ledger(Saved(0))
    for offset in range(5_000):
        ledger.begin(Item(offset, "b"))
    ledger.read_up_to(5_000)
    ledger.end(Item(4_000, "b"))

    saved = ledger.saved()
    again = Ledger(saved)

    assert len(saved.text) < 4_000
    assert all(again.is_due(Item(offset, "b")) for offset in range(5_000))


def test_what_is_open_stays_known_where_the_log_has_lost_its_beginning() -> None:
    ledger = Ledger(Saved(0))
    for offset in (2, 8):
        ledger.begin(Item(offset, "b"))
    ledger.read_up_to(20)

    again = Ledger(begun_at(ledger.saved(), 5))

    assert again.first == 5
    assert [offset for offset in range(5, 22) if again.is_due(Item(offset, "b"))] == [8, 20, 21]
    assert begun_at(ledger.saved(), 20) == Saved(20)
    assert begun_at(Saved(3), 7) == Saved(7)


def test_alarms_are_not_listed_and_none_is_forgotten() -> None:
    ledger = Ledger(Saved(0))
    for offset in range(100_000):
        ledger.wait(Item(offset, "s"), 1_000 + offset, offset)
    ledger.read_up_to(100_000)
    for offset in range(10):
        ledger.begin(Item(offset, "s"))
    ledger.strike(1_010)
    for offset in range(1, 10):
        ledger.end(Item(offset, "s"))

    again = Ledger(ledger.saved())

    assert ledger.first_open() == again.first == 0
    assert len(ledger.saved().text) < 40
    due = [n for n in range(100_000) if again.is_alarm_due(Item(n, "s"), 1_000 + n)]
    assert due == [0, *range(10, 100_000)]
    # Until they were read again, nobody may skip them.
    again.read_up_to(50)
    assert Ledger(again.saved()).is_alarm_due(Item(60, "s"), 1_060)
    assert again.saved().offset == 50


def test_an_alarm_that_comes_too_late_is_not_taken_for_one_that_was_told() -> None:
    ledger = Ledger(Saved(0))
    ledger.strike(5_000)
    ledger.wait(Item(3, "s"), 4_000, 3)
    ledger.read_up_to(4)

    assert Ledger(ledger.saved()).is_alarm_due(Item(3, "s"), 4_000)


def test_a_text_is_made_once_for_what_has_not_changed() -> None:
    ledger = Ledger(Saved(0))
    ledger.begin(Item(0, "b"))
    ledger.read_up_to(5)

    saved = ledger.saved()
    ledger.read_up_to(5)
    ledger.end(Item(1, "b"))

    assert ledger.saved() is saved
