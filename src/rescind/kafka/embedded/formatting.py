"""Kafka's data folder, made once: it has the cluster's id, and later starts only open it."""

import base64
import subprocess
import uuid
from pathlib import Path

from rescind.errors import BrokerStartError
from rescind.kafka.embedded.config import Ports, server_properties
from rescind.kafka.embedded.java import Java, clean_environment

__all__ = ["data_folder", "format_data", "is_unformatted"]

_SECONDS_MAX = 60


def data_folder(folder: Path) -> Path:
    """Where the records are, in the embedded broker's folder."""
    return folder / "data"


def is_unformatted(folder: Path) -> bool:
    return not data_folder(folder).exists()


def format_data(folder: Path, java: Java) -> None:
    """Format under another name and rename, so that what is there is whole.

    Raises `BrokerStartError` with what Java said.
    """
    fresh = folder / f"data-{uuid.uuid4().hex}"
    properties = folder / "format.properties"
    # The ports are not kept; the tool only wants to see some.
    properties.write_text(server_properties(fresh, Ports(19092, 19093), {}), encoding="utf-8")
    command = java.command(
        "kafka.tools.StorageTool",
        *("format", "-t", _new_cluster_id(), "-c", str(properties)),
        heap_mb=128,
        options=java.short_run(),
    )
    done = subprocess.run(
        command,
        env=clean_environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        why = "its data folder cannot be formatted"
        said = done.stdout.decode(errors="replace")[-2000:]
        raise BrokerStartError(why, "its output", said, "see what Java says there")
    fresh.rename(data_folder(folder))


def _new_cluster_id() -> str:
    # As Kafka's own: an id that begins with "-" would be taken for an option, one time in 64.
    chance = uuid.uuid4().bytes
    return base64.urlsafe_b64encode(bytes([chance[0] & 0x7F]) + chance[1:]).decode().rstrip("=")
