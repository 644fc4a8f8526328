"""The executors' words are the wire's, though they may not cost what the wire's modules cost."""

import subprocess
import sys

from rescind.events import words
from rescind.runners.executors.base import Rung


def test_the_rungs_are_those_of_the_wire() -> None:
    assert [rung.value for rung in Rung] == [rung.value for rung in words.Rung]


def test_a_worker_process_imports_neither_the_wire_nor_kafka() -> None:
    line = (
        "import sys; import rescind.runners.executors.supervision.supervisor; "
        "print(*sorted({'pydantic', 'aiokafka', 'asyncio', 'structlog'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
