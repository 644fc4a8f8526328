"""What runners are told, from what was decided: each once a transaction, nothing overtaking."""

from typing import Any

from rescind.events.intents import Inbox
from rescind.processors.lifecycle.fanout import VALUE_BYTES_MAX
from tests.unit.processors.desk import NAMES, Desk, inboxes, written

CANCEL = {"type": "flow.cancel", "flow_run_id": "f", "reason": "enough"}


def start(*tasks: str, runner_id: str = "r", **more: Any) -> dict[str, Any]:
    items = [{"task_run_id": task} for task in tasks]
    about = {"flow_run_id": "f", "runner_id": runner_id, "items": items}
    return {"type": "task.start", **about, **more}


def register(*tasks: str) -> dict[str, Any]:
    return {**start(*tasks), "type": "task.register"}


def test_a_grant_and_an_intent_of_one_transaction_travel_in_one_record() -> None:
    desk = Desk()
    desk.begin()
    batch = desk.life.begin()
    for request in (register("t1"), start("t1")):
        batch.take(desk.read(request, lane="start"))
    batch.take(desk.read(CANCEL))
    (told,) = inboxes(desk.commit(batch))
    assert [grant["task_run_id"] for grant in told["grants"]] == ["t1"]
    (intent,) = told["cancel_flow"]
    assert (intent["flow_run_id"], intent["reason"]) == ("f", "enough")


def test_each_runner_that_holds_a_piece_is_told_once_however_many_it_holds() -> None:
    desk = Desk()
    desk.begin(tasks=["t1", "t2", "t3"])
    desk.put({"type": "runner.register", "runner_id": "s"}, lane="start")
    desk.put({"type": "runner.register", "runner_id": "idle"}, lane="start")
    desk.put(register("u1", "u2"), lane="start")
    desk.put(start("u1", "u2", runner_id="s"), lane="start")
    told = {said["runner_id"]: said["cancel_flow"] for said in inboxes(desk.put(CANCEL))}
    assert set(told) == {"r", "s"}
    assert [len(intents) for intents in told.values()] == [1, 1]


def test_a_runner_that_missed_the_intent_learns_of_it_by_the_answer_to_its_start() -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    desk.put(register("t2"), lane="start")
    desk.put(CANCEL)
    (told,) = inboxes(desk.put(start("t2"), lane="start"))
    assert [refusal["code"] for refusal in told["refusals"]] == ["cancelling"]
    assert [intent["flow_run_id"] for intent in told["cancel_flow"]] == ["f"]


def test_a_runner_that_missed_the_intent_for_one_task_run_learns_of_it_so_too() -> None:
    desk = Desk()
    desk.begin(tasks=["t1", "t2"])
    desk.put({"type": "task.cancel", "flow_run_id": "f", "task_run_id": "t1"})
    (told,) = inboxes(desk.put(start("t1", "t2"), lane="start"))
    assert [refusal["code"] for refusal in told["refusals"]] == ["cancelling"]
    assert [(i["task_run_id"], i["attempt"]) for i in told["cancel_task"]] == [("t1", 1)]
    assert "cancel_flow" not in told


def test_a_start_that_its_owner_asks_again_is_granted_again() -> None:
    desk = Desk()
    desk.begin(tasks=["t1"])
    (told,) = inboxes(desk.put(start("t1"), lane="start"))
    assert [(g["task_run_id"], g["attempt"]) for g in told["grants"]] == [("t1", 1)]
    assert "refusals" not in told


def test_a_start_of_a_flow_run_that_its_owner_asks_again_grants_the_body_again() -> None:
    desk = Desk()
    desk.begin()
    about = {"type": "flow.start", "flow_run_id": "f", "runner_id": "r", "request_id": "again"}
    (told,) = inboxes(desk.put({**about, "body": {"task_run_id": "body"}}, lane="start"))
    assert [(g["task_run_id"], g["attempt"]) for g in told["grants"]] == [("body", 1)]
    assert [accepted["request_id"] for accepted in told["accepted"]] == ["again"]
    assert "refusals" not in told
    for other in ({}, {"body": {"task_run_id": "another"}}):
        (told,) = inboxes(desk.put({**about, **other}, lane="start"))
        assert [refusal["code"] for refusal in told["refusals"]] == ["duplicate"]
        assert "grants" not in told


def test_an_end_that_is_accepted_needs_no_answer_and_one_with_a_retry_has_one() -> None:
    desk = Desk()
    desk.begin(tasks=["t1", "t2"])

    def end(task: str, **more: Any) -> dict[str, Any]:
        items = [{"task_run_id": task, "end": "failed", **more}]
        return {"type": "task.finish", "flow_run_id": "f", "runner_id": "r", "items": items}

    assert inboxes(desk.put(end("t1"))) == []
    again = {**end("t2", retry_at="2026-11-22T13:00:00.000Z"), "request_id": "q1"}
    (told,) = inboxes(desk.put(again))
    assert [accepted["request_id"] for accepted in told["accepted"]] == ["q1"]


def test_a_runner_that_was_given_up_is_told_so_and_again_when_it_asks() -> None:
    desk = Desk()
    desk.begin()
    lost = {"type": "runner.lost", "runner_id": "r", "reason": "silent for 30 s"}
    (told,) = inboxes(desk.put(lost, signed=True))
    assert told["lost"] == {"reason": "silent for 30 s"}
    (again,) = inboxes(desk.put({"type": "runner.register", "runner_id": "r"}, lane="start"))
    assert "lost" in again


def test_what_is_too_much_for_one_record_is_told_in_several_in_order() -> None:
    desk = Desk()
    desk.begin()
    batch = desk.life.begin()
    tasks = [f"t{number}-" + "x" * 100 for number in range(400)]
    batch.take(desk.read(register(*tasks), lane="start"))
    batch.take(desk.read(start(*tasks, request_id="q" * 500), lane="start"))
    missing = [f"m{number}-" + "x" * 100 for number in range(500)]
    for _ in range(2):
        batch.take(desk.read(start(*missing, request_id="q" * 500), lane="start"))
    batch.take(desk.read(CANCEL))
    records = written(desk.commit(batch), NAMES.inbox)
    assert len(records) > 1
    assert all(len(record.value or b"") <= VALUE_BYTES_MAX * 1.01 for record in records)
    told = [Inbox.model_validate_json(record.value or b"") for record in records]
    assert sum(len(said.grants) for said in told) == 400
    assert [r.item for said in told for r in said.refusals] == [*range(500), *range(500)]
    # Whoever reads them in order has read every grant before it reads the intent.
    assert [len(said.cancel_flow) for said in told] == [0] * (len(told) - 1) + [1]
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(set(ids)) == len(ids)
