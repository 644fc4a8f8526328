"""The side of a flow runner that was started as a job: by which handle it is ended from outside.

To be asked first of all, in the first process of the job: what that starts then has no handle, and
a flow run of another job does not take the handle of this one.
"""

import os
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from rescind.events.words import Handle
from rescind.runners.executors.processtree.cgroup import Cgroup
from rescind.runners.infrastructure.base import HANDLE_VARIABLE
from rescind.runners.infrastructure.process import identity_here

__all__ = ["take_handle"]


def take_handle(flow_run_id: str) -> Handle | None:
    """The handle of this process, taken out of its environment; None: it was started as no job.

    Joins the cgroup that was made for it, if one was. A task of ECS asks for its ARN.
    """
    told = os.environ.pop(HANDLE_VARIABLE, None)
    if told is None:
        return None
    try:
        handle = Handle.model_validate_json(told)
    except ValidationError:
        return None
    if handle.exclusive_to != flow_run_id:
        return None
    match handle.kind:
        case "process":
            return _of_this_process(handle)
        case "ecs":
            # Jobs of other kinds need none of it.
            from rescind.runners.infrastructure.ecs.metadata import with_own_task

            return with_own_task(handle)
        case _:
            return handle


def _of_this_process(handle: Handle) -> Handle | None:
    mark, folder = handle.identity.get("mark"), handle.identity.get("cgroup")
    if os.getsid(0) != os.getpid() or not isinstance(mark, str):
        # Handed on by a program in between: that one was started as a job.
        return None
    if isinstance(folder, str):
        # Without it, the mark is still there.
        with suppress(OSError):
            Cgroup(Path(folder)).join()
    identity = identity_here(os.getpid(), mark, folder if isinstance(folder, str) else None)
    return None if identity is None else handle.model_copy(update={"identity": identity.to_dict()})
