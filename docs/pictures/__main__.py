"""`make pictures`: writes `docs/images`; with a folder, each page in every look goes there.

The second is for whoever changes the style sheet: light, dark, and as wide as a phone.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from docs.pictures import story
from docs.pictures.looking import Picture, Places, browser, look, pictures, sign_in_page
from docs.pictures.world import PARTITIONS, World, until

from rescind.cli.up.house import House
from rescind.cli.up.http import choose_address
from rescind.cli.up.service import Service
from rescind.kafka.embedded.progress import silent
from rescind.settings import load_settings

_IMAGES: Final = Path(__file__).resolve().parent.parent / "images"

_TALL: Final = 1_400

# What the pages of these are like, beside those that are in the documentation.
_MORE: Final = (
    Picture("run-over", f"/flow-runs/{story.LEDGER}"),
    Picture("run-failed", "/flow-runs/sync-crm-2200"),
    Picture("run-open", f"/flow-runs/{story.TRAINING}"),
    Picture("run-stuck", "/flow-runs/resize-photos-77"),
    Picture("cancel-page", f"/flow-runs/{story.TRAINING}/cancel"),
    Picture("runs-none", "/?text=nobody"),
    Picture("runs-label", "/?label=alone"),
    Picture("runs-more", "/?since=2026-06-30T22:00&namespace=search"),
    Picture("runners-gone", "/runners?gone=true"),
    Picture("task-alone", f"/flow-runs/{story.SCORES}/task-runs/merge-scores"),
    Picture("tasks-none", f"/flow-runs/{story.SCORES}/task-runs?text=nobody"),
    Picture("cancel-task-page", f"/flow-runs/{story.SCORES}/task-runs/score-west/cancel"),
    Picture("runs-stuck", "/?stuck=true"),
    Picture("bulks-none", "/bulk?state=Paused"),
    Picture("unknown", "/flow-runs/nobody"),
    Picture("no-page", "/no/such/page"),
    Picture("wrong", "/?cursor=bm8"),
)


async def _main(everything: Path | None) -> None:
    with tempfile.TemporaryDirectory(prefix="rescind-pictures-") as folder:
        # The services read the environment.
        given = {"DATA_DIR": folder, "ACCESS": "tokens", "PARTITIONS": str(PARTITIONS)}
        given |= {"EMBEDDED_PORT": "0", "HTTP_PORT": "0", "BOOTSTRAP": ""}
        os.environ.update({f"RESCIND_{name}": value for name, value in given.items()})
        settings = load_settings()
        async with (
            House(settings, progress=silent, news=_say, short_lived=True) as house,
            _server(house) as address,
            World(settings, house.connection, address) as world,
            browser() as running,
        ):
            await story.begin(world)
            await story.cancel_some(world)
            draft_id = await story.preview(world)
            letter = await world.first_dead_letter()
            of = Places(await story.cancel_many(world), draft_id, letter)
            inside, outside = pictures(of), [sign_in_page()]
            await look(running, world, inside, _IMAGES, signed_in=True)
            await look(running, world, outside, _IMAGES, signed_in=False)
            if everything is not None:
                await look(running, world, _looks([*inside, *_MORE]), everything, signed_in=True)
                await look(running, world, _looks(outside), everything, signed_in=False)


@asynccontextmanager
async def _server(house: House) -> AsyncIterator[str]:
    """Where it answers. By itself: the whole of `rescind up` has a runner of this very machine."""
    address = choose_address(house.settings)
    more = {**house.environment, "RESCIND_HTTP_PORT": str(address.port)}
    log = house.settings.data_dir / "logs" / "server.log"
    server = Service("server", log, more, _say)
    await server.start()
    try:
        await until(address.is_ready)
        yield str(address)
    finally:
        await server.stop(grace_seconds=20)


def _looks(wanted: Sequence[Picture]) -> Iterator[Picture]:
    """Each in light, in dark, and on a phone."""
    for one in wanted:
        for scheme, width in (("light", 1180), ("dark", 1180), ("light", 390), ("dark", 390)):
            name = f"{one.name}-{scheme}-{width}"
            yield one._replace(name=name, scheme=scheme, width=width, height=_TALL)


def _say(who: str, what: str) -> None:
    sys.stderr.write(f"{who}: {what}\n")


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
