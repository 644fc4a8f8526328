"""The position is moved with the rows, and by one projection: nothing is lost or doubled."""

import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from rescind.errors import PositionMovedError
from rescind.server.readmodel.projecting.batches import Part, write
from rescind.server.readmodel.projecting.placed import place
from tests.contract.readmodel.tables import STEP, Told, check_equal, records_of
from tests.model.driver import live

SEED = 11


def test_the_journal_read_again_from_an_older_place_changes_nothing(model: Told) -> None:
    journal = live(SEED, 80).world.journal
    model.tell_entries(journal)
    before = model.everything()

    records = records_of(entry.to_json() for entry in journal)
    for since in (0, records[5].offset, records[-1].offset):
        again = [record for record in records if record.offset >= since]
        with pytest.raises(PositionMovedError):
            model.write(again, since)

    assert model.everything() == before


def test_what_was_not_read_cannot_be_passed_over(model: Told) -> None:
    records = records_of(entry.to_json() for entry in live(SEED, 80).world.journal)

    with pytest.raises(PositionMovedError):
        model.write(records[5:10], records[5].offset)

    assert model.standing().events == 0


def test_a_transaction_that_breaks_off_leaves_nothing(model: Told) -> None:
    records = records_of(entry.to_json() for entry in live(SEED, 80).world.journal)
    before = model.everything()
    part = Part(0, 0, records[-1].offset + STEP, list(map(place, records)))

    with model.database.writing(model.number).connect() as connection:
        connection.begin()
        write(connection, [part])
        connection.rollback()

    assert model.everything() == before


def test_a_process_that_is_killed_inside_a_transaction_leaves_nothing(
    model: Told, database_url: str
) -> None:
    shell = live(SEED, 80)
    before = model.everything()
    command = (sys.executable, "-m", "tests.contract.readmodel.half_way")
    arguments = [*command, database_url, str(SEED), "80"]
    with subprocess.Popen(arguments, stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written, and not committed\n"
        assert model.everything() == before
        process.kill()

    assert model.everything() == before
    model.tell_entries(shell.world.journal)
    check_equal(model, shell.fold)


def test_of_two_that_write_the_same_at_once_one_is_too_late(model: Told) -> None:
    shell = live(SEED, 80)
    journal = [entry.to_json() for entry in shell.world.journal]
    records = records_of(journal)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def project() -> None:
        while True:
            since = model.standing().next_offset
            some = [record for record in records if record.offset >= since][:20]
            if not some:
                return
            together.wait(timeout=60)
            try:
                model.write(some, since)
                outcomes.append("written")
            except PositionMovedError:
                outcomes.append("too late")
            together.wait(timeout=60)

    both = [threading.Thread(target=project) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()

    assert outcomes.count("written") == outcomes.count("too late") == -(-len(journal) // 20)
    check_equal(model, shell.fold)
    assert model.standing().events == len(journal)
