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


def installed(site: Path) -> Path:
    """A folder in which a package is installed that offers these hooks."""
    info = site / "hooks_of_a_package-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hooks-of-a-package\nVersion: 1\n")
    points = [f"{name} = {__name__}:{name}" for name in ("takes", "raises", "hangs", "no_such")]
    (info / "entry_points.txt").write_text("[rescind.hooks]\n" + "\n".join(points) + "\n")
    return site
