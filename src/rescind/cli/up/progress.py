"""What the embedded Kafka says while it starts: a bar for the download, a line for each step."""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from rescind.cli.printing.output import Output
from rescind.kafka.embedded.progress import Progress

__all__ = ["StartProgress"]


class StartProgress:
    """A context manager, and the callback: called from the thread in which Kafka starts."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._is_terminal = output.err.is_terminal
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            console=output.err,
            transient=True,
            disable=not self._is_terminal,
        )
        self._said = ""

    def __call__(self, progress: Progress) -> None:
        if progress.total and self._is_terminal:
            if not self._bars.tasks:
                self._bars.add_task(progress.message, total=progress.total)
                self._bars.start()
            self._bars.update(self._bars.tasks[0].id, completed=progress.done)
            if progress.done >= progress.total:
                self._bars.stop()
        elif progress.message != self._said:
            # Without a terminal a download is one line, not thousands.
            self._said = progress.message
            self._output.say(progress.message, "dim")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
