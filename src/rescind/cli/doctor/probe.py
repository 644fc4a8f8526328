"""Does each partition answer: asked by something that is always refused, and timed.

It leaves a refusal in the journal of each partition, so it is done only when it is asked for.
"""

import itertools
import secrets
import time

from rescind.asking.line import new_request_id
from rescind.cli.asking.sending import Asker, this_user
from rescind.cli.doctor.check import Check, fail, ok
from rescind.cli.session import Session
from rescind.errors import NoAnswerError
from rescind.events.requests import TaskCancel
from rescind.kafka.partitions import partition_of
from rescind.kafka.reading.visits import ends

__all__ = ["check_answers"]

_SECONDS_MAX = 10.0


async def check_answers(session: Session) -> list[Check]:
    partitions = len(await ends(session.connection, session.names.stop_requests))
    took: list[float] = []
    silent: list[int] = []
    async with Asker(session) as asker:
        for partition in range(partitions):
            request = TaskCancel(
                request_id=new_request_id("cli"),
                actor=this_user(),
                flow_run_id=_unused_id(partition, partitions),
                task_run_id="probe",
            )
            began = time.perf_counter()
            try:
                await asker.ask(request, within_seconds=_SECONDS_MAX)
            except NoAnswerError:
                silent.append(partition)
            else:
                took.append((time.perf_counter() - began) * 1000)
    if silent:
        which = ", ".join(map(str, silent))
        says = f"partitions {which} did not answer within {_SECONDS_MAX:g} s"
        return [fail("answers", says, "look into the workers' logs")]
    shown = f"{min(took):.0f} to {max(took):.0f} ms" if took else "nothing was asked"
    return [ok("answers", f"each of {partitions} partitions answered, in {shown}")]


def _unused_id(partition: int, partitions: int) -> str:
    """An id that nobody has, of that partition."""
    start = f"doctor-{secrets.token_hex(8)}"
    ids = (f"{start}-{number}" for number in itertools.count())
    return next(name for name in ids if partition_of(name, partitions) == partition)
