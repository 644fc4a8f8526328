"""A flow of twenty slow parts: start it, then cancel it from another terminal.

rescind up
rescind run examples/nightly.py:nightly --param parts=20
rescind cancel @latest --reason "wrong input" --wait
"""

import time

from rescind import current_run, flow, task


@task(retries=2, retry_delay_seconds=5)
def crunch(part: int) -> int:
    """Work that looks now and then whether it is still wanted; that is optional."""
    for _ in range(100):
        current_run().raise_if_cancelling()
        time.sleep(0.1)
    return part


@flow(name="nightly")
def nightly(parts: int = 20) -> int:
    """All parts at once, as far as the executor goes, then their sum."""
    futures = [crunch.submit(part) for part in range(parts)]
    return sum(future.result() for future in futures)
