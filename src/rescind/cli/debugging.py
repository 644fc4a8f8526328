"""Whether ``--debug`` was said: tracebacks and the logs of the Kafka client are shown then."""

from contextvars import ContextVar

__all__ = ["debugging"]

debugging: ContextVar[bool] = ContextVar("debugging", default=False)
