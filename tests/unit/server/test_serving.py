"""The server as a process: what it does at its start besides listening."""

import gc

from rescind.server.api.means import Means
from tests.scenarios.http.http_following import listening


async def test_what_is_there_at_the_start_is_not_looked_through_for_garbage_again(
    means: Means,
) -> None:
    gc.unfreeze()
    async with listening(means):
        frozen = gc.get_freeze_count()
    gc.unfreeze()

    assert frozen > len(gc.get_objects()) / 2
