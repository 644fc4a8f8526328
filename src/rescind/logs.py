"""One format for everything that a process says: structlog's, for its own and others' lines.

A person at a terminal gets coloured lines; anything else, one JSON object a line, unless
``RESCIND_LOG_FORMAT`` says which. That is read from the environment here, since what is wrong with
the settings has to be said as well.
"""

import logging
import os
import sys
from typing import Final

import structlog

__all__ = ["configure_logging"]

# What a line of Python's own logging may say that it is about, in its `extra`.
_ABOUT: Final = ("flow_run_id", "task_run_id")
_FORMATS: Final = frozenset({"json", "console"})


def configure_logging(level: str = "INFO", *, json: bool | None = None) -> None:
    """Send every log line to stderr in one format. The last call counts."""
    as_json = _is_json() if json is None else json
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else _for_a_person()
    )
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        *([structlog.processors.format_exc_info] if as_json else []),
        renderer,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(allow=_ABOUT)], processors=last
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Says each retry of each connection while a broker is away.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)


def _is_json() -> bool:
    chosen = os.environ.get("RESCIND_LOG_FORMAT")
    return chosen == "json" if chosen in _FORMATS else not sys.stderr.isatty()


def _for_a_person() -> structlog.typing.Processor:
    # Drawn by rich, as it would be here, a traceback takes 50 ms and not 0.5, in which an event
    # loop stands still, and it has the local variables in it, so keys and passwords too.
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
