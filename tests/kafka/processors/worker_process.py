"""A lifecycle worker as a process of its own, to be killed, stopped, and let go on.

    python -m tests.kafka.processors.worker_process [--until-fenced] [--sweep-chunk N] PARTITION...

Settings come from the environment. With `--until-fenced` it ends, with code 75, once another
has taken a partition over; without it, it takes that back as a worker does.
"""

import argparse
import asyncio
import sys
from dataclasses import replace

from rescind.errors import FencedError
from rescind.kafka.topics import TopicNames
from rescind.processors.lifecycle.lifecycle import Place
from rescind.processors.pipeline.pipeline import Pipeline
from rescind.processors.shared.keys import signing_keys
from rescind.processors.worker import Worker, policy_of
from rescind.settings import Settings, load_settings
from tests.kafka.processors.pipelines import tools_of

FENCED = 75


async def serve(settings: Settings, partitions: set[int]) -> None:
    """Serve for ever, as a worker does."""
    worker = Worker(settings, "worker-process")
    await worker.start(settings.partition_count)
    await worker.own(partitions)
    await asyncio.Event().wait()


async def serve_until_fenced(
    settings: Settings, partitions: set[int], sweep_chunk: int | None
) -> None:
    """Serve until a partition is lost.

    Raises:
        FencedError: it is.

    """
    policy = policy_of(settings)
    if sweep_chunk is not None:
        policy = replace(policy, sweep_chunk=sweep_chunk)
    names, keys = TopicNames(settings.topic_prefix), signing_keys(settings)
    places = [Place(p, settings.partition_count, names, keys) for p in sorted(partitions)]
    async with tools_of(settings) as tools:
        await asyncio.gather(*(Pipeline(place, policy, tools).run() for place in places))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--until-fenced", action="store_true")
    parser.add_argument("--sweep-chunk", type=int)
    parser.add_argument("partitions", nargs="+", type=int)
    given = parser.parse_args()
    settings, partitions = load_settings(), set(given.partitions)
    try:
        if given.until_fenced:
            asyncio.run(serve_until_fenced(settings, partitions, given.sweep_chunk))
        else:
            asyncio.run(serve(settings, partitions))
    except FencedError:
        return FENCED
    return 0


if __name__ == "__main__":
    sys.exit(main())
