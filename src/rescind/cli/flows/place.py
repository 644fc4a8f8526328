"""Where in the user's code an error was raised: the last line neither of ours nor of Python.

Of a task run that failed it is the line in the task, not the one that waited for it.
"""

import re
import sysconfig
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rescind.cli.debugging import debugging
from rescind.errors import TaskFailedError

__all__ = ["where"]

_FRAME: Final = re.compile(r'^  File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
_OURS: Final = str(Path(__file__).parents[2])
_OF_OTHERS: Final = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))


def where(error: BaseException) -> str:
    """The place in one line; with ``--debug`` the whole way to it."""
    story = error.story if isinstance(error, TaskFailedError) else ""
    if debugging.get():
        return f"{''.join(traceback.format_exception(error))}{story}".rstrip()
    raised = [
        (frame.filename, frame.lineno, frame.name)
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    # What the task could not even be sent for was raised by others, for a line of the flow.
    frames = [*raised, *_FRAME.findall(story)]
    found = _last_of_the_user(frames)
    if found is None:
        return "Where it was raised is not known."
    file, line, name = found
    return f"{file}, line {line}, in {name} (--debug shows the way to it)"


def _last_of_the_user(frames: Sequence[tuple[str, object, str]]) -> tuple[str, object, str] | None:
    not_ours = [frame for frame in frames if not frame[0].startswith(_OURS)]
    own = [frame for frame in not_ours if not frame[0].startswith(_OF_OTHERS)]
    return next(reversed(own or not_ours), None)
