"""H. Hooks: `rescind hooks ls` says how each stands, also past the markers of transactions."""

import json
from functools import partial
from pathlib import Path

from tests.scenarios.harness import House, Scene, alone
from tests.scenarios.operating.test_h_hooks import cancelled, told, webhook
from tests.sink import Answer, Sink, sink
from tests.waiting import until


async def test_61_ls_says_whether_a_hook_has_taken_everything(
    bootstrap: str, tmp_path: Path
) -> None:
    async with alone(House(bootstrap, tmp_path)) as own, sink() as receiver:
        own.house.worker()
        await fails_and_takes(own, receiver)


async def fails_and_takes(own: Scene, receiver: Sink) -> None:
    given = json.dumps({"ops": webhook(receiver)})

    async def says(sentence: str) -> bool:
        listing = own.house.start("-m", "rescind", "hooks", "ls", hooks=given)
        await listing.exit_code()
        return sentence in listing.said()

    receiver.script = lambda _: Answer(503, headers={"retry-after": "1"})
    await told(own, ops=webhook(receiver))
    flow_run_id = await cancelled(own, "flow")
    await until(lambda: bool(receiver.requests))
    assert await says("something is open, up to")

    receiver.script = lambda _: Answer()
    await until(lambda: receiver.about(flow_run_id)[-1:] == ["flow.cancelled"])

    await until(partial(says, "has taken everything"))
