"""Which files the embedded broker is made of, with the SHA-256 of each.

The list is data of the package (``jars.txt``): a line for each jar with its Maven coordinates,
its size in bytes and its checksum. Nothing is resolved when a user downloads, so what runs is
what was tested. ``python -m rescind.kafka.embedded.pins 4.4.0`` prints a new list.
"""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

__all__ = ["KAFKA_VERSION", "Jar", "pinned_jars"]

KAFKA_VERSION = "4.4.0"


@dataclass(frozen=True, slots=True)
class Jar:
    """One file: Maven coordinates, bytes, and the checksum that it must have."""

    group: str
    artifact: str
    version: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version} {self.size} {self.sha256}"


@cache
def pinned_jars() -> tuple[Jar, ...]:
    """Read the list, in the order of the class path."""
    text = (files("rescind.kafka.embedded") / "jars.txt").read_text(encoding="utf-8")
    return tuple(_parse(line) for line in text.splitlines() if line and line[0] != "#")


def resolve(version: str) -> Iterator[Jar]:
    """Ask Maven's repository what this version of Kafka needs, and download it to hash it."""
    from jgo.maven import MavenContext

    with tempfile.TemporaryDirectory() as folder:
        maven = MavenContext(repo_cache=Path(folder), timeout=60)
        inputs, transitive = maven.resolver.resolve(
            [maven.create_dependency(f"org.apache.kafka:kafka_2.13:{version}")]
        )
        jars = [d.artifact for d in inputs + transitive]
        # Kafka does not depend on the bridge from slf4j to log4j, and without it logs nothing.
        # It is added, not resolved: resolved beside Kafka its list of managed versions wins,
        # and brings the kafka-clients of another release.
        log4j = next(jar.version for jar in jars if jar.artifactId == "log4j-core")
        bridge = f"org.apache.logging.log4j:log4j-slf4j-impl:{log4j}"
        for jar in [*jars, maven.create_dependency(bridge).artifact]:
            content = jar.resolve().read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            yield Jar(jar.groupId, jar.artifactId, jar.version, len(content), digest)


def _parse(line: str) -> Jar:
    coordinates, size, sha256 = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, int(size), sha256)


if __name__ == "__main__":
    for found in sorted(resolve(sys.argv[1]), key=str):
        sys.stdout.write(f"{found}\n")
