"""kill -9 of each service, once, while the demo goes on; whoever watches over it restarts it."""

import os
import signal

from rescind.cli.printing.output import Output
from rescind.cli.up.house import House

__all__ = ["kill_broker", "kill_service"]


def kill_service(house: House, name: str, output: Output) -> None:
    """Kill the worker or the agents, if it runs."""
    pid = house.services[name].pid
    if pid is not None:
        output.say(f"chaos: kill -9 {name} (process {pid})", "bold red")
        os.kill(pid, signal.SIGKILL)


def kill_broker(house: House, output: Output) -> None:
    """Kill Kafka, if it is the embedded one."""
    if house.broker is not None and house.broker.pid is not None:
        output.say(f"chaos: kill -9 kafka (process {house.broker.pid})", "bold red")
        house.broker.kill()
