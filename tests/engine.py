"""The Docker engine at ``DOCKER_HOST``, and an image that needs no registry: this host's programs.

The image is a few links; what they lead to is mounted from here. So a container has this very
Python with this checkout, in a name space of processes of its own.
"""

import io
import os
import sys
import tarfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from rescind.errors import RescindError
from rescind.runners.infrastructure.deployment import DockerDeployment
from rescind.runners.infrastructure.docker import DockerInfrastructure
from tests.package.checkout import ROOT

__all__ = ["IMAGE", "MOUNTS", "deployment", "required_engine"]

IMAGE: Final = "rescind-tests:host"
# The engine puts its init into sbin.
_FOLDERS: Final = ("dev", "etc", "proc", "sbin", "sys", "tmp", "usr")
_LINKS: Final = ("bin", "lib", "lib64")


def _mounted() -> list[Path]:
    """What Python needs to be the one that runs here."""
    found = [Path("/usr"), Path(sys.base_prefix), Path(sys.prefix), ROOT]
    return [path for path in dict.fromkeys(found) if not _is_below(path, found)]


def _is_below(path: Path, others: list[Path]) -> bool:
    return any(path != other and path.is_relative_to(other) for other in others)


MOUNTS: Final = [f"{path}:{path}:ro" for path in _mounted()]


def required_engine() -> None:
    """Skip the test, with the reason, where no engine answers; make the image where it is not."""
    if why := _why_none():
        pytest.skip(why)


@cache
def _why_none() -> str:
    if not os.environ.get("DOCKER_HOST"):
        return "no Docker engine: DOCKER_HOST is not set"
    try:
        engine = DockerInfrastructure()
    except RescindError as error:
        return f"no Docker engine: {error}"
    engine.close()
    _make_image()
    return ""


def _make_image() -> None:
    from docker import DockerClient

    client = DockerClient.from_env()
    try:
        client.api.import_image_from_data(_root(), repository=IMAGE.split(":")[0], tag="host")
    finally:
        client.close()


def _root() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in _FOLDERS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
            tar.addfile(entry)
        for name in _LINKS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(entry)
    return made.getvalue()


def deployment(*command: str, network: str = "none") -> DockerDeployment:
    """Containers in which this host's programs run."""
    return DockerDeployment(image=IMAGE, command=list(command), network=network, mounts=MOUNTS)
