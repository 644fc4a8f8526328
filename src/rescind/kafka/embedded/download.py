"""The embedded broker's files: had once, checked, kept in the cache folder.

A file gets its name in the cache only after its checksum was right, by a rename in the same
folder: who finds a file there may use it. Two processes that need the files at once wait for
each other at a lock file, and the second one downloads nothing.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from rescind.errors import DownloadError
from rescind.kafka.embedded.locks import FileLock
from rescind.kafka.embedded.pins import KAFKA_VERSION, Jar
from rescind.kafka.embedded.progress import Progress, ProgressCallback

if TYPE_CHECKING:
    from jgo.maven import MavenContext

__all__ = ["ensure_jars"]

_DOWNLOADS_AT_ONCE = 6
_READ_SECONDS = 60


def ensure_jars(
    jars: Sequence[Jar], cache_dir: Path, progress: ProgressCallback, repository: str | None = None
) -> list[Path]:
    """Return the path of each jar in the cache, downloading those that are not there.

    ``repository`` is the address of a mirror of Maven's repository. Raises `DownloadError`
    naming the file that cannot be had or is not the pinned one.
    """
    folder = cache_dir / f"kafka-{KAFKA_VERSION}" / "libs"
    paths = [folder / jar.file_name for jar in jars]
    if _missing(jars, folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.parent / "download.lock"):
                _download(_missing(jars, folder), folder, progress, repository)
        except OSError as error:
            remedy = "make the folder writable, or choose another by RESCIND_CACHE_DIR"
            raise DownloadError(str(error.filename or folder), str(error), remedy) from error
    return paths


def _missing(jars: Sequence[Jar], folder: Path) -> list[Jar]:
    return [jar for jar in jars if _size(folder / jar.file_name) != jar.size]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _download(
    jars: Sequence[Jar], folder: Path, progress: ProgressCallback, repository: str | None
) -> None:
    if not jars:
        return
    meter = _Meter(progress, sum(jar.size for jar in jars), len(jars))
    with (
        # Beside the files' last place, so that the rename does not cross file systems.
        tempfile.TemporaryDirectory(prefix="download-", dir=folder.parent) as staging,
        ThreadPoolExecutor(_DOWNLOADS_AT_ONCE, thread_name_prefix="rescind-download") as pool,
    ):
        maven = _maven(Path(staging), meter, repository)
        futures = [pool.submit(_fetch, jar, maven, folder) for jar in jars]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _maven(staging: Path, meter: "_Meter", repository: str | None) -> "MavenContext":
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        remedy = "run `pip install 'rescind[local]'`, or set RESCIND_BOOTSTRAP to a running Kafka"
        raise DownloadError("Apache Kafka", "the package jgo is missing", remedy) from error

    remote = {"central": repository.rstrip("/")} if repository else None
    resolver = PythonResolver(progress_callback=meter.file)
    return MavenContext(resolver, staging, [], remote, timeout=_READ_SECONDS)


def _fetch(jar: Jar, maven: "MavenContext", folder: Path) -> None:
    component = maven.project(jar.group, jar.artifact).at_version(jar.version)
    try:
        staged = component.artifact().resolve()
    except OSError as error:
        # requests' errors are OSErrors too; their text names the host and the cause.
        raise DownloadError(jar.file_name, f"the network said: {error}") from error
    except RuntimeError as error:
        raise DownloadError(jar.file_name, "the repository does not have it") from error

    found = hashlib.sha256(staged.read_bytes()).hexdigest()
    if found != jar.sha256:
        staged.unlink()
        why = f"its SHA-256 is {found} and not the pinned {jar.sha256}"
        remedy = "something between here and the repository changes files; do not use it"
        raise DownloadError(jar.file_name, why, remedy)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    staged.replace(folder / jar.file_name)


class _Meter:
    """Adds up what several downloads have got, and says so now and then."""

    def __init__(self, progress: ProgressCallback, total: int, count: int) -> None:
        self._progress = progress
        self._total = total
        self._message = f"Downloading Apache Kafka {KAFKA_VERSION} ({count} files)"
        self._done = 0
        self._said = 0
        self._lock = Lock()

    @contextmanager
    def file(self, _name: str, _size: int) -> "Iterator[_Meter]":
        yield self

    def __call__(self, count: int) -> None:
        with self._lock:
            self._done += count
            # Every 256 KiB: a chunk has 8, and nobody sees six thousand steps.
            if self._done - self._said >= 1 << 18 or self._done >= self._total:
                self._said = self._done
                self._progress(Progress("download", self._message, self._done, self._total))
