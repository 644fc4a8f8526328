"""The command ``rescind`` cannot do what it was told."""

from collections.abc import Sequence

from rescind.errors.root import RescindError

__all__ = [
    "AlreadyUpError",
    "AmbiguousIdError",
    "CommandError",
    "ExtraMissingError",
    "FilesError",
    "NoAnswerError",
    "NotReadyError",
    "UnknownBulkError",
    "UnknownRunError",
    "UnknownTaskError",
    "UnknownTokenError",
]


class CommandError(RescindError):
    """The command ``rescind`` cannot do what it was told."""


class UnknownRunError(CommandError):
    """No flow run has this id, and none has an id that begins so."""

    def __init__(self, flow_run_id: str) -> None:
        super().__init__(flow_run_id)
        self.flow_run_id = flow_run_id

    def __str__(self) -> str:
        return (
            f"expected the id of a flow run, or the beginning of one, but none is known as "
            f"{self.flow_run_id!r}; `rescind ls` lists them"
        )


class UnknownTaskError(CommandError):
    """No task run of this flow run has this id."""

    def __init__(self, flow_run_id: str, task_run_id: str) -> None:
        super().__init__(flow_run_id, task_run_id)
        self.flow_run_id = flow_run_id
        self.task_run_id = task_run_id

    def __str__(self) -> str:
        return (
            f"expected the id of a task run, but none is known as {self.task_run_id!r} in flow run "
            f"{self.flow_run_id!r}; `rescind show {self.flow_run_id}` lists them"
        )


class UnknownBulkError(CommandError):
    """No bulk cancellation has this id."""

    def __init__(self, bulk_id: str) -> None:
        super().__init__(bulk_id)
        self.bulk_id = bulk_id

    def __str__(self) -> str:
        return (
            f"expected the id of a bulk cancellation, but none is known as {self.bulk_id!r}; "
            "`rescind bulk ls` lists them"
        )


class UnknownTokenError(CommandError):
    """No token has this id, and nobody's has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            f"expected the id of a token or the name that it was made for, but none is known as "
            f"{self.name!r}; `rescind tokens ls` lists them"
        )


class UnknownDeadLetterError(CommandError):
    """No dead letter lies at this place, or it is not kept any more."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        return (
            f"expected the place of a dead letter, PARTITION:OFFSET, but none lies at "
            f"{self.place!r}; `rescind dead-letters ls` lists them"
        )


class UnknownHookError(CommandError):
    """No hook is called so, neither in the settings nor by an installed package."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name, tuple(known))
        self.name = name
        self.known = tuple(known)

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return (
            f"expected the name of a hook (there is {known}), but none is called {self.name!r}; "
            "a table [hooks.NAME] in rescind.toml makes one"
        )


class AmbiguousIdError(CommandError):
    """More than one has an id that begins so; ``found`` has some, ``what`` says what they are."""

    def __init__(
        self, prefix: str, found: Sequence[str], count: int, what: str = "flow runs"
    ) -> None:
        super().__init__(prefix, tuple(found), count, what)
        self.prefix = prefix
        self.found = tuple(found)
        self.count = count
        self.what = what

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.found) else ""
        return (
            f"expected the beginning of one id, but {self.count} {self.what} begin with "
            f"{self.prefix!r} ({', '.join(self.found)}{more}); write more of it"
        )


class NoAnswerError(CommandError):
    """A request is in Kafka, and nobody has answered it in time. It will still be answered."""

    def __init__(self, request_id: str, seconds: float) -> None:
        super().__init__(request_id, seconds)
        self.request_id = request_id
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"expected an answer to {self.request_id} within {self.seconds:g} s, but none came; "
            "it is in Kafka and counts as soon as a worker runs: `rescind doctor` says if one does"
        )


class AlreadyUpError(CommandError):
    """``rescind up`` runs on this data folder already; ``pid`` None: whose is not known."""

    def __init__(self, folder: str, pid: int | None, bootstrap: str | None) -> None:
        super().__init__(folder, pid, bootstrap)
        self.folder = folder
        self.pid = pid
        self.bootstrap = bootstrap

    def __str__(self) -> str:
        who = f" (process {self.pid})" if self.pid else ""
        where = f", its Kafka at {self.bootstrap}" if self.bootstrap else ""
        return (
            f"expected nothing to be up on {self.folder}, but `rescind up`{who} runs there{where}; "
            "use it, end it with Ctrl-C, or choose another folder by RESCIND_DATA_DIR"
        )


class NotReadyError(CommandError):
    """A service was started and does not do its work in time."""

    def __init__(self, service: str, seconds: float, log_file: str) -> None:
        super().__init__(service, seconds, log_file)
        self.service = service
        self.seconds = seconds
        self.log_file = log_file

    def __str__(self) -> str:
        return (
            f"expected the {self.service} to be at work within {self.seconds:g} s, but it is not; "
            f"its log says why: {self.log_file}"
        )


class FilesError(CommandError):
    """A folder that was named has not what is needed."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(folder, why)
        self.folder = folder
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a folder with files at {self.folder!r}, but {self.why}; "
            "name another one, or leave it out and some are made"
        )


class ExtraMissingError(CommandError):
    """This installation lacks the packages that a command needs."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(extra, module)
        self.extra = extra
        self.module = module

    def __str__(self) -> str:
        return (
            f"expected the packages of the extra {self.extra!r}, but {self.module!r} is not "
            f"installed; run `pip install 'rescind[{self.extra}]'`"
        )
