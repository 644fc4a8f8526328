"""The journal cannot be read as a journal."""

from rescind.errors.root import RescindError

__all__ = [
    "JournalError",
    "NoTransitionError",
    "UnknownEventError",
    "UnreadableEventError",
    "UnreadableStateError",
]


class JournalError(RescindError):
    """The journal cannot be read as a journal. Nothing is guessed: the reader stops."""


class NoTransitionError(JournalError):
    """The journal holds an event that the run's state has no edge for.

    Either two writers shared a run or a release changed the table. The lifecycle quarantines
    the flow run: guessing would write the guess into every replica.
    """

    def __init__(self, run_id: str, state: str, event: str) -> None:
        # The raw values, not the sentence, go to Exception: it pickles by its args, and these
        # errors cross process pools.
        super().__init__(run_id, state, event)
        self.run_id = run_id
        self.state = state
        self.event = event

    def __str__(self) -> str:
        return (
            f"expected an event that {self.state!r} allows, "
            f"but run {self.run_id!r} got {self.event!r}"
        )


class UnknownEventError(JournalError):
    """The journal holds an event that a newer release has written.

    Folding half of what it says would write a guess into a state, so the reader stops.
    Upgrade this process to at least the release that wrote it.
    """

    def __init__(self, event_type: str, field: str = "") -> None:
        super().__init__(event_type, field)
        self.event_type = event_type
        self.field = field

    def __str__(self) -> str:
        what = (
            f"field {self.field!r} of {self.event_type!r}" if self.field else repr(self.event_type)
        )
        return (
            f"expected an event that this release knows, but got {what}; "
            "upgrade this process to the release that writes it"
        )


class UnreadableEventError(JournalError):
    """A record of the journal is not an event. Somebody else writes to the topic."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an event of the journal, but got something else ({self.why}); "
            "only the lifecycle may write this topic: `rescind topics acls` prints the rights"
        )


class UnreadableStateError(JournalError):
    """A record of the service's own state cannot be restored.

    A newer release has written it, or somebody else has. The worker leaves the partition to
    one that can read it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a state record that this release can restore, but got {self.why}; "
            "upgrade this worker to the release that writes it"
        )
