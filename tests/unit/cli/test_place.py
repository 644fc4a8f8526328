"""Where an error was raised, as `rescind run` tells it: a line of the user's, if there is one."""

import inspect
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import cloudpickle
import pytest

from rescind.cli.flows.place import where
from rescind.errors import TaskFailedError


def test_the_place_of_what_cannot_be_sent_to_a_process_is_the_line_that_waits_for_it() -> None:
    with ThreadPoolExecutor(1) as others:
        unsent = others.submit(cloudpickle.dumps, threading.Lock()).exception()
    story = "".join(traceback.format_exception(unsent))
    assert "cloudpickle" in story

    def waits() -> None:
        raise TaskFailedError("opens", "opens-1", "TypeError", "why", story)

    with pytest.raises(TaskFailedError) as failed:
        waits()

    line = inspect.getsourcelines(waits)[1] + 1
    assert where(failed.value).startswith(f"{__file__}, line {line}, in waits")
