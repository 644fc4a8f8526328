"""What user code sees when it is interrupted.

It is no error, so it is not in `rescind.errors`, and a ``BaseException``: user code is full of
``except Exception`` that keeps a loop going, and an interrupt that such a line swallows has to be
given again and again until the work is killed.
"""

__all__ = ["Cancelled"]


class Cancelled(BaseException):
    """This attempt is being cancelled. Clean up and let it pass.

    Code that catches it and goes on is interrupted again every second, and where the executor
    can, it is killed when its time is over.

    A task that raises it without having been asked is cancelled by itself (``by_runner``), and its
    flow goes on; a flow that does so has failed.
    """

    def __init__(self, reason: str = "this attempt is being cancelled") -> None:
        super().__init__(reason)
        self.reason = reason
