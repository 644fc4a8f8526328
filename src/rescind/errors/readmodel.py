"""The read model, or the database that it is in, cannot be used as it is."""

from rescind.errors.root import RescindError

__all__ = [
    "CursorError",
    "DatabaseUnavailableError",
    "NewerSchemaError",
    "OlderSchemaError",
    "OtherJournalError",
    "PositionMovedError",
    "ReadModelError",
    "ReadModelMissingError",
    "RebuildOvertakenError",
]


class ReadModelError(RescindError):
    """The read model cannot be used as it is."""


class ReadModelMissingError(ReadModelError):
    """Nobody has made the read model yet: whoever projects the journal does, when it starts."""

    def __str__(self) -> str:
        return (
            "expected a read model in the database that RESCIND_DATABASE_URL names, but there is "
            "none yet; what projects the journal makes it"
        )


class DatabaseUnavailableError(ReadModelError):
    """The database cannot be asked: it is away, locked for too long, or out of order."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected the database that RESCIND_DATABASE_URL names to answer, but: {self.why}; "
            "cancels do not need it, and go on"
        )


class NewerSchemaError(ReadModelError):
    """A newer release has made these tables, and this one does not know their shape."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(found, known)
        self.found = found
        self.known = known

    def __str__(self) -> str:
        return (
            f"expected the tables of the read model at revision {self.known} or earlier, but they "
            f"are at {self.found}; upgrade this process to the release that made them, or name "
            "another database in RESCIND_DATABASE_URL: it is filled from the journal"
        )


class OlderSchemaError(ReadModelError):
    """An earlier release has made these tables, and its servers may still project into them."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(found, known)
        self.found = found
        self.known = known

    def __str__(self) -> str:
        return (
            f"expected the read model that serves to be at revision {self.known}, as this release "
            f"makes it, but it is at {self.found}: an earlier release serves, and could not go on "
            "with what this one builds; start the servers of this release first, which bring it "
            "up to date"
        )


class PositionMovedError(ReadModelError):
    """Another projection has written to this read model meanwhile. Nothing was written here."""

    def __init__(self, partition: int, expected: int) -> None:
        super().__init__(partition, expected)
        self.partition = partition
        self.expected = expected

    def __str__(self) -> str:
        return (
            f"expected the read model at offset {self.expected} of partition {self.partition}, "
            "but another projection has moved it"
        )


class OtherJournalError(ReadModelError):
    """The journal ends before the place to which the read model has read it: it is another one."""

    def __init__(self, partition: int, offset: int, end: int) -> None:
        super().__init__(partition, offset, end)
        self.partition = partition
        self.offset = offset
        self.end = end

    def __str__(self) -> str:
        return (
            f"expected partition {self.partition} of the journal to go on at offset {self.offset}, "
            f"but it ends at {self.end}: it is another journal than the one that this read model "
            "was made of; `rescind read-model rebuild` builds it anew from this one"
        )


class RebuildOvertakenError(ReadModelError):
    """Somebody else has begun to build the read model anew meanwhile, and goes on alone."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return (
            f"expected to be the only one who builds the read model anew, but read model "
            f"{self.number} was dropped meanwhile by another rebuild, which goes on; wait for that"
        )


class CursorError(ReadModelError):
    """A cursor is none that a page of this list has ended with."""

    def __init__(self, cursor: str) -> None:
        super().__init__(cursor)
        self.cursor = cursor

    def __str__(self) -> str:
        return (
            f"expected the cursor that the page before ended with, but got {self.cursor[:100]!r}; "
            "begin without one"
        )
