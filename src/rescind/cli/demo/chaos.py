"""kill -9 of each service, once, while the demo goes on; the house starts it again."""

import os
import signal

from rescind.cli.printing.output import Output
from rescind.cli.up.house import House

__all__ = ["kill_broker", "kill_service"]


def kill_service(house: House, name: str, output: Output) -> None:
    """Kill the worker or the agents, if it runs."""
    _kill(house.services[name].pid, name, output)


def kill_broker(house: House, output: Output) -> None:
    """Kill the embedded Kafka, behind the back of whoever started it."""
    _kill(None if house.broker is None else house.broker.pid, "kafka", output)


def _kill(pid: int | None, name: str, output: Output) -> None:
    if pid is not None:
        output.say(f"chaos: kill -9 {name} (process {pid})", "bold red")
        os.kill(pid, signal.SIGKILL)
