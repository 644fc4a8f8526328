"""A PostgreSQL for tests: a real one from the system's packages, on a Unix socket, ended with them.

It refuses to run as root, so root starts it as somebody else. Its order of words is that of a
language, so that a test sees whoever relies on another one.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["PostgresqlServer", "find_binaries", "start_postgresql"]

_PLACES: Final = Path("/usr/lib/postgresql")
_USERS: Final = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """A running server; whoever may use its folder may do everything in it."""

    binaries: Path
    folder: Path

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tester@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """Make an empty database; its name."""
        name = f"test_{secrets.token_hex(6)}"
        self.run("psql", "-c", f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        self.run("psql", "-c", f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, program: str, *arguments: str) -> str:
        where = ("-h", str(self.folder), "-U", "tester", "-d", "postgres", "-qAtX")
        return _run(self.binaries / program, *where, *arguments, folder=self.folder)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self._control("start", "-o", options, "-l", str(self.folder / "log"))

    def halt(self) -> None:
        """End it at once, as if it were killed; what it has committed is there when it starts."""
        self._control("stop", "-m", "immediate")

    def remove(self) -> None:
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *what: str) -> None:
        data = str(self.folder / "data")
        _run(self.binaries / "pg_ctl", *what, "-w", "-D", data, folder=self.folder)


def find_binaries() -> Path | None:
    """The folder of the newest PostgreSQL that is installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [path.parent for path in _PLACES.glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def start_postgresql(binaries: Path) -> PostgresqlServer:
    """Start one in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="rescind-pg-"))
    server = PostgresqlServer(binaries, folder)
    if (user := _somebody_else()) is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    data = str(folder / "data")
    words = ("--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
    try:
        _run(
            *(binaries / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-N", *words),
            folder=folder,
        )
        server.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def _somebody_else() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    users = {user.pw_name: user for user in pwd.getpwall()}
    return next(users[name] for name in _USERS if name in users)


def _run(*command: str | Path, folder: Path) -> str:
    user = _somebody_else()
    become: dict[str, Any] = (
        {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    )
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **become,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
