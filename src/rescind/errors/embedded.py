"""The embedded broker cannot be had, started, or used where it is."""

from rescind.errors.kafka import BrokerError

__all__ = ["BrokerRunningError", "BrokerStartError", "DownloadError", "PortTakenError"]


class BrokerStartError(BrokerError):
    """The embedded broker ended, or hung, before it answered. ``tail`` is the end of its log."""

    def __init__(self, why: str, log_file: str, tail: str, remedy: str) -> None:
        super().__init__(why, log_file, tail, remedy)
        self.why = why
        self.log_file = log_file
        self.tail = tail
        self.remedy = remedy

    def __str__(self) -> str:
        tail = f"; the last lines of {self.log_file}:\n{self.tail}" if self.tail else ""
        return f"expected the embedded Kafka to start, but {self.why}; {self.remedy}{tail}"


class BrokerRunningError(BrokerError):
    """Another embedded broker uses the same data folder."""

    def __init__(self, folder: str, pid: int | None) -> None:
        super().__init__(folder, pid)
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = f" (process {self.pid})" if self.pid else ""
        return (
            f"expected {self.folder} to be free, but another embedded Kafka{who} uses it; "
            "use that one, stop it, or choose another folder by RESCIND_DATA_DIR"
        )


class PortTakenError(BrokerError):
    """The embedded broker was told to listen on one port, and another program does."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port

    def __str__(self) -> str:
        return (
            f"expected port {self.port} on 127.0.0.1 to be free, but another program listens "
            "there; stop it, or choose another port by RESCIND_EMBEDDED_PORT"
        )


class DownloadError(BrokerError):
    """A file of the embedded broker cannot be had, or is not the pinned one."""

    def __init__(self, file: str, why: str, remedy: str = "") -> None:
        super().__init__(file, why, remedy)
        self.file = file
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        remedy = self.remedy or "check the network and try again, or set RESCIND_BOOTSTRAP"
        return f"expected to download {self.file}, but {self.why}; {remedy}"
