"""A container image that needs no registry: this host's programs, Python and Rescind, read-only.

The image itself is a few folders and links. What they lead to is mounted from this host, so that a
container has this very Python with these very packages, in a name space of processes of its own.
It serves where the engine is on this host: for a demo, and for tests. Linux alone.
"""

import hashlib
import io
import os
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import rescind
from rescind.errors import UnsupportedError
from rescind.runners.infrastructure.docker_failures import docker_failures, knock

__all__ = ["IMAGE", "host_mounts", "make_host_image"]

IMAGE: Final = "rescind-host:local"
"""What it is called. It is made once: a few kilobytes, which stay with the engine."""

# Where a host keeps its programs apart from /usr, they are mounted as well. The engine puts its
# init into sbin, which therefore is a folder that can be written.
_LINKS: Final = ("bin", "lib", "lib64")
_FOLDERS: Final = ("dev", "etc", "proc", "sbin", "sys", "tmp", "usr")


def host_mounts(*more: Path) -> list[str]:
    """``HOST:CONTAINER:ro`` for all that this Python is made of, and for these paths."""
    wanted = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), *_interpreters()]
    wanted += [*_packages(), *more]
    wanted += [
        path for name in _LINKS if (path := Path("/", name)).is_dir() and not path.is_symlink()
    ]
    return [f"{path}:{path}:ro" for path in _outermost(wanted)]


def make_host_image() -> None:
    """Have the engine that ``DOCKER_HOST`` names, or this machine's, know the image.

    Raises `InfrastructureError`.
    """
    if sys.platform != "linux":
        raise UnsupportedError("this system", "its own programs cannot run in a container")
    from docker import DockerClient

    with docker_failures("the Docker engine"):
        knock()
        engine: Any = DockerClient.from_env()
        try:
            root = _root()
            mark = f"rescind.root={hashlib.sha256(root).hexdigest()}"
            if not engine.images.list(IMAGE, filters={"label": mark}):
                name, _, tag = IMAGE.partition(":")
                engine.api.import_image_from_data(
                    root, repository=name, tag=tag, changes=[f"LABEL {mark}"]
                )
        finally:
            engine.close()


def _interpreters() -> list[Path]:
    """The folders on the way from a virtual environment's ``python``, a link, to the program."""
    each = Path(sys.executable)
    folders = [each.parent]
    while each.is_symlink():
        each = Path(os.path.normpath(each.parent / each.readlink()))
        folders.append(each.parent)
    return folders


def _packages() -> list[Path]:
    """Where Rescind's own modules really are: a checkout that is installed in place has links."""
    roots = [Path(path) for path in rescind.__path__]
    rooms = [room.resolve() for root in roots for room in root.iterdir() if room.is_symlink()]
    return [*(root.resolve() for root in roots), *rooms]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Those that are below none of the others."""
    known = dict.fromkeys(paths)
    return [path for path in known if not any(other in path.parents for other in known)]


def _root() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in _FOLDERS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        for name in _LINKS:
            if Path("/", name).is_symlink():
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
                tar.addfile(entry)
    return made.getvalue()
