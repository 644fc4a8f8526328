"""What happens in the world of the pictures, before they are taken and while they are.

Names, labels and reasons are those of a night in a data team. A beat is real time: the timeline
draws it, and no event could stand in for it.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any, Final

from docs.pictures.world import World, items, until

from rescind.client import CancellationShown
from rescind.events.moments import moment_to_text

__all__ = [
    "COMING",
    "LEDGER",
    "NIGHTLY",
    "SCORES",
    "TRAINING",
    "begin",
    "cancel_many",
    "cancel_some",
    "preview",
]

NIGHTLY: Final = "nightly-etl-2026-06-30"
TRAINING: Final = "train-ranking-0412"
LEDGER: Final = "export-ledger-0630"
SCORES: Final = "score-customers-0630"
COMING: Final = "nightly-etl-2026-07-01"

_PHOTOS: Final = "resize-photos-77"
_EXTRACTS: Final = ("extract-orders", "extract-customers")
_LOADS: Final = ("load-orders", "load-customers", "load-events")
_PUBLISHES: Final = ("publish-warehouse", "publish-report")
_BACKFILLS: Final = 48
_HALF_WAY: Final = 25
_AT_WORK: Final = 6
_FIRST_AT_WORK: Final = 2
_BEAT_SECONDS: Final = 0.9
_SHARDS: Final = 128
_TRACEBACK: Final = """Traceback (most recent call last):
  File "scoring/customers.py", line 88, in score
    features = store.read(segment, at=day)
  File "scoring/store.py", line 41, in read
    raise FeaturesMissing(segment, day, missing)
scoring.store.FeaturesMissing: segment 'south' of 2026-06-30 lacks 3 of 41 features: """
_MISSING: Final = (
    "segment 'south' of 2026-06-30 lacks 3 of 41 features: basket_value_28d, "
    "days_since_last_order, returns_share_90d"
)


async def begin(world: World) -> None:
    """Everything up to the first cancel."""
    await _hire(world)
    await _shards(world)
    await _backfills(world)
    await _some_that_are_over(world)
    await _flow(world, _PHOTOS, "resize-photos", "media", "notebook-3", ["thumbnails", "originals"])
    await _flow(world, LEDGER, "export-ledger", "finance", "etl-1", ["rows", "upload"])
    tasks = [*_EXTRACTS, *_LOADS]
    await _flow(world, NIGHTLY, "nightly-etl", "etl", "etl-1", tasks, waiting=_PUBLISHES)
    await _flow(world, TRAINING, "train-ranking", "ml", "etl-2", ["features"], waiting=["evaluate"])
    steps = ["epoch-1", "epoch-2"]
    await world.ask("task.register", TRAINING, items=items(steps))
    await world.ask("task.start", TRAINING, runner_id="gpu-1", items=items(steps))
    await world.until_open(TRAINING, running=4, pending=1)
    for name in ("hourly-report", "refresh-search-index"):
        await world.ask("flow.register", f"{name}-2300", name=name, labels={"team": "search"})
    await _scores(world)
    await _beat()
    await _ends(world, NIGHTLY, "etl-1", ["extract-customers"], end="success")
    await _beat(2)
    await _ends(world, NIGHTLY, "etl-1", ["extract-orders"], end="success")
    await _beat(2)


async def cancel_some(world: World) -> None:
    """One whose clocks run, one that nobody can stop, one that nobody has seen stop."""
    ask = world.client.cancel_flow_run
    await ask(_PHOTOS, reason="wrong bucket", deadline_seconds=1)
    await _acknowledge(world, _PHOTOS, "notebook-3", ["body", "thumbnails", "originals"], False)
    await ask(LEDGER, reason="the books are not closed")
    await _ends(world, LEDGER, "etl-1", ["rows"], end="cancelled", how="graceful")
    killed = {"end": "cancelled", "how": "forced", "stopped_confirmed": False}
    await _ends(world, LEDGER, "etl-1", ["upload"], **killed)
    await _ends(world, LEDGER, "etl-1", ["body"], end="cancelled", how="graceful")
    await world.until_state("Finished.Cancelled", LEDGER)
    await ask(NIGHTLY, reason="wrong input: the June files", grace_seconds=240)
    await _acknowledge(world, NIGHTLY, "etl-1", ["body", *_LOADS])
    await _beat()
    await _ends(world, NIGHTLY, "etl-1", ["load-orders"], end="cancelled", how="graceful")
    await _beat()
    await _ends(world, NIGHTLY, "etl-1", ["load-customers"], end="cancelled", how="graceful")
    await world.until_open(NIGHTLY, running=2)
    await ask(COMING, reason="no run before the June files are mended")
    # Programs that get a word wrong: each is a dead letter.
    await world.ask("flow.cancel", "sync-crm-2300", grace_seconds="a while")
    await world.ask("flow.cancel", "rank-products-2300", mode="gentle")
    await world.ask("task.cancel", "import-invoices-2300")
    await world.until_dead_letters(3)


async def preview(world: World) -> str:
    """A bulk cancellation that nobody has started: the id."""
    draft = await world.client.create_bulk_cancellation(
        {"labels": {"job": "reindex"}, "states": ["Pending"]}, reason="the index is built anew"
    )
    await world.client.wait_until_counted(draft.bulk_id, timeout_seconds=60)
    return draft.bulk_id


async def cancel_many(world: World) -> str:
    """The backfills, slowly; the id, as soon as about half of them were asked."""
    client = world.client
    draft = await client.create_bulk_cancellation(
        {"labels": {"team": "backfill"}},
        reason="backfill of the wrong table",
        runs_per_second=4,
    )
    counted = await client.wait_until_counted(draft.bulk_id, timeout_seconds=60)
    # Somebody is quicker, as somebody always is.
    for number in range(_AT_WORK // 2):
        await client.cancel_flow_run(_backfill(_FIRST_AT_WORK + number), reason="mine is wrong")
    await client.start_bulk_cancellation(draft.bulk_id, confirmed_count=counted.count)

    async def is_half_way() -> bool:
        shown = await client.show_bulk_cancellation(draft.bulk_id)
        return shown.progress is not None and shown.progress.asked >= _HALF_WAY

    await until(is_half_way)
    return draft.bulk_id


async def _hire(world: World) -> None:
    hard = {"executor": "processes", "can_interrupt": True, "can_kill": True}
    await world.runner("etl-1", "etl", "kubernetes:data", **hard)
    await world.runner("etl-2", "etl", "kubernetes:data", **hard, may_exit=True)
    gpu = {"executor": "dask", "can_interrupt": True, "survivors": "a kernel on the GPU"}
    await world.runner("gpu-1", "gpu", "kubernetes:ml", **gpu)
    await world.runner("notebook-3", "notebooks", "unknown", executor="threads")


async def _backfills(world: World) -> None:
    for number in range(_BACKFILLS):
        labels = {"team": "backfill", "table": "orders"}
        await world.ask("flow.register", _backfill(number), name="backfill-orders", labels=labels)
    for number in range(_AT_WORK):
        about = {"runner_id": "etl-2", "body": {"task_run_id": "body"}}
        await world.ask("flow.start", _backfill(_FIRST_AT_WORK + number), **about)
    await world.until_open(_backfill(_FIRST_AT_WORK + _AT_WORK - 1), running=1)


async def _shards(world: World) -> None:
    """Flow runs of an engine whose ids are random."""
    for number in range(_SHARDS):
        known = hashlib.sha256(f"shard {number}".encode()).hexdigest()[:32]
        name, labels = f"reindex-catalog-{number:03}", {"team": "search", "job": "reindex"}
        await world.ask("flow.register", known, name=name, labels=labels, namespace="search")


async def _scores(world: World) -> None:
    """One of whose task runs some have failed, one is tried again, and one is cancelled alone."""
    segments = ("north", "east", "south", "west")
    tasks = [f"score-{segment}" for segment in segments]
    waiting = ["merge-scores", "publish-scores"]
    await _flow(world, SCORES, "score-customers", "crm", "etl-2", tasks, waiting=waiting)
    await _ends(world, SCORES, "etl-2", ["score-north"], end="success")
    wrong = {"type": "scoring.store.FeaturesMissing", "message": _MISSING}
    wrong |= {"traceback": _TRACEBACK + _MISSING.partition(": ")[2]}
    await _ends(world, SCORES, "etl-2", ["score-south"], end="failed", error=wrong)
    away = {"type": "TimeoutError", "message": "the feature store did not answer in 30 s"}
    again = {"end": "failed", "error": away, "retry_at": moment_to_text(0)}
    await _ends(world, SCORES, "etl-2", ["score-east"], **again)
    await world.ask("task.start", SCORES, runner_id="etl-2", items=items(["score-east"], attempt=2))
    await world.until_open(SCORES, running=3, pending=2)
    await world.client.cancel_task_run(SCORES, "merge-scores", reason="merged by hand")
    await world.until_open(SCORES, running=3, pending=1)


async def _some_that_are_over(world: World) -> None:
    ends: Sequence[tuple[str, str, dict[str, Any]]] = (
        ("refresh-prices", "pricing", {"end": "success"}),
        ("sync-crm", "sales", {"end": "failed", "error": {"type": "TimeoutError"}}),
        ("import-invoices", "finance", {"end": "crashed"}),
        ("rank-products", "search", {"end": "success"}),
    )
    for name, team, _ in ends:
        await _flow(world, f"{name}-2200", name, team, "etl-2", ["fetch"])
    await _beat()
    for name, _, end in ends:
        about = {"runner_id": "etl-2"}
        await world.ask(
            "task.finish", f"{name}-2200", **about, items=items(["fetch", "body"], **end)
        )
        await world.until_open(f"{name}-2200", running=0)


async def _flow(
    world: World,
    flow_run_id: str,
    name: str,
    team: str,
    runner_id: str,
    running: Sequence[str],
    *,
    waiting: Sequence[str] = (),
) -> None:
    about = {"runner_id": runner_id}
    tasks = [*running, *waiting]
    await world.ask("flow.register", flow_run_id, name=name, labels={"team": team}, **about)
    await world.ask("flow.start", flow_run_id, body={"task_run_id": "body"}, **about)
    named = [{"task_run_id": task, "name": task.partition("-")[0]} for task in tasks]
    await world.ask("task.register", flow_run_id, items=named, **about)
    await world.ask("task.start", flow_run_id, items=items(running), **about)
    await world.until_open(flow_run_id, running=len(running) + 1, pending=len(waiting))


async def _acknowledge(
    world: World, flow_run_id: str, runner_id: str, held: Sequence[str], can_stop: bool = True
) -> None:
    """The runner knows. It does so when it was told, which the page shows as well."""
    shown = await world.client.show_flow_run_cancellation(flow_run_id)
    assert isinstance(shown, CancellationShown)
    about = {"runner_id": runner_id, "cancellation_id": shown.cancellation.cancellation_id}
    each = items(held, can_stop=can_stop)
    await world.ask("cancellation.acknowledge", flow_run_id, held=each, **about)


async def _ends(
    world: World, flow_run_id: str, runner_id: str, tasks: Sequence[str], **how: Any
) -> None:
    await world.ask("task.finish", flow_run_id, runner_id=runner_id, items=items(tasks, **how))


def _backfill(number: int) -> str:
    return f"backfill-orders-{number:03}"


async def _beat(count: int = 1) -> None:
    await asyncio.sleep(count * _BEAT_SECONDS)
