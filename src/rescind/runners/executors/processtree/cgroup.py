"""A cgroup (version 2) of one's own, where this user may make one: the surest way to end a tree.

Its members are killed by the kernel in one go, so nothing can fork faster than it is killed. It is
made below the cgroup that this process is in already, so every limit that holds here holds there.
Where it cannot be had (most containers, most users without delegation) `make` says so by ``None``,
and the tree is ended by its parent links instead.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from rescind.runners.executors.processtree.identity import Process, read_process

__all__ = ["Cgroup"]


class Cgroup:
    """One folder of the cgroup file system, removed with `remove`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def make(cls, name: str) -> Self | None:
        """A new one; ``None`` where none can be made, or they cannot kill (before Linux 5.14).

        The name ends with a hyphen and the pid of its owner.
        """
        own = _own_folder()
        if own is None:
            return None
        group = cls(own / name)
        _remove_empty(own)
        try:
            group.folder.mkdir()
        except OSError:
            return None
        if not (group.folder / "cgroup.kill").exists() or not _may_move_into(group.folder):
            group.remove()
            return None
        return group

    def join(self) -> None:
        """Move the calling process in; what it starts from now on is born there."""
        (self.folder / "cgroup.procs").write_text("0")

    def kill(self) -> None:
        """SIGKILL to all members."""
        with suppress(FileNotFoundError):
            (self.folder / "cgroup.kill").write_text("1")

    def members(self) -> list[Process]:
        """What runs in it and in those below it, zombies left out."""
        pids: list[str] = []
        for file in self.folder.rglob("cgroup.procs"):
            # It may be gone by now, with all that was in it.
            with suppress(OSError):
                pids += file.read_text().split()
        found = (read_process(int(pid)) for pid in pids)
        return [process for process in found if process is not None and not process.is_dead]

    def remove(self) -> None:
        """Take it away if it is empty; a killed member may stay in it for a moment.

        With those below it, of processes that have ended with it.
        """
        below = sorted(self.folder.rglob("rescind-*"), key=lambda folder: -len(folder.parts))
        for folder in [*below, self.folder]:
            with suppress(OSError):
                folder.rmdir()


def _own_folder() -> Path | None:
    """The folder of the version 2 cgroup that this process is in."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    path = next((line[len("0::") :] for line in lines if line.startswith("0::")), None)
    for mount in mounts:
        # proc(5): field 4 is the root of the mount, field 5 where it is mounted.
        before, _, after = mount.partition(" - ")
        if path is not None and after.startswith("cgroup2 "):
            root, point = before.split()[3:5]
            inside = os.path.relpath(path, root)
            return None if inside.startswith("..") else Path(point) / inside
    return None


def _remove_empty(folder: Path) -> None:
    """Take away those of processes that were killed before they could; they are named by pid."""
    for left in folder.glob("rescind-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            Cgroup(left).remove()


def _may_move_into(folder: Path) -> bool:
    # Moving between two cgroups needs the right to write the procs of the one above both.
    return os.access(folder / "cgroup.procs", os.W_OK) and os.access(
        folder.parent / "cgroup.procs", os.W_OK
    )
