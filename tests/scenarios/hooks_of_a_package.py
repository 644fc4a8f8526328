"""Python hooks as a package of a user's has them: one that is well, and some that are not."""

import os
import threading
from pathlib import Path

from rescind.events.hooks import HookEvent


def takes(event: HookEvent) -> None:
    with Path(os.environ["HEARD_BY_HOOKS"]).open("ab") as heard:
        heard.write(event.to_json() + b"\n")


def raises(event: HookEvent) -> None:
    raise LookupError(event.id)


def hangs(event: HookEvent) -> None:
    del event
    threading.Event().wait()
