"""The reference page of the command, made from the command itself: `docs/reference/cli.md`.

`make schema` writes it and a test holds it, so that no option is undocumented and no exit code
means something else than it says.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import typer.main

from rescind.cli.app import app
from rescind.cli.exits import Exit

__all__ = ["PAGE", "page"]

PAGE: Final = "docs/reference/cli.md"

_HEAD: Final = """<!-- Made by `make schema` from the command; edit that. -->

# The command `rescind`

Kafka is where `RESCIND_BOOTSTRAP` says, else the embedded one that `rescind up` has started on
this machine. Data go to stdout, everything else to stderr; with `--json` stdout has one JSON
document, or one a line from what goes on. What is wrong is one line on stderr, and the exit code
says of what kind it is. `rescind --debug ...` shows more.

`rescind --install-completion` teaches the shell that it is typed in (bash, zsh, fish, PowerShell)
to complete commands and options, and `--install-completion zsh` another one; `--show-completion`
prints what that would be.

Without `--json` are only these, for a reason:

{without_json}
## Exit codes

| code | meaning |
| --- | --- |
"""


_SERVICE: Final = (
    "it serves until it is ended; what it has to say is its log, on stderr, a JSON document a line "
    "where that is no terminal or `RESCIND_LOG_FORMAT=json`, from its first line on"
)
_WITHOUT_JSON: Final[Mapping[str, str]] = {
    f"rescind {name}": _SERVICE for name in ("worker", "agents", "server", "runner")
}


def page() -> str:
    """The whole page, as it must be in the repository."""
    codes = "".join(f"| {int(code)} | {code.meaning} |\n" for code in Exit)
    group: Any = typer.main.get_command(app)
    named = list(_commands(group, "rescind"))
    commands = "\n".join(_section(name, command) for name, command in named)
    head = _HEAD.format(without_json=_without_json(named))
    return f"{head}{codes}\n## Commands\n\n{commands}"


def _without_json(commands: Iterable[tuple[str, Any]]) -> str:
    """Every command that has no --json, by the reason; one without a reason has to get either."""
    names = [name for name, command in commands if not _has_json(command)]
    by_reason: dict[str, list[str]] = {}
    for name in names:
        by_reason.setdefault(_WITHOUT_JSON[name], []).append(f"`{name}`")
    return "".join(f"- {', '.join(some)}: {reason}.\n" for reason, some in by_reason.items())


def _has_json(command: Any) -> bool:
    return any("--json" in param.opts for param in command.params)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        below = f"{path} {name}"
        if hasattr(command, "commands"):
            yield from _commands(command, below)
        else:
            yield below, command


def _section(name: str, command: Any) -> str:
    told = inspect.cleandoc(command.help or "")
    usage = " ".join([name, *_arguments(command.params)])
    options = [line for param in command.params if (line := _option(param)) is not None]
    table = "| option | what |\n| --- | --- |\n" + "\n".join(options) + "\n" if options else ""
    parts = [f"### {name}", f"`{usage}`", told, *_argument_lines(command.params), table.rstrip()]
    return "\n\n".join(part for part in parts if part) + "\n"


def _arguments(params: Iterable[Any]) -> list[str]:
    return [_metavar(param) for param in params if param.param_type_name == "argument"]


def _metavar(param: Any) -> str:
    name = str(param.metavar or param.name.upper())
    many = "..." if param.nargs == -1 else ""
    return f"{name}{many}" if param.required else f"[{name}{many}]"


def _argument_lines(params: Iterable[Any]) -> list[str]:
    return [
        f"`{_metavar(param)}`: {param.help}"
        for param in params
        if param.param_type_name == "argument" and param.help
    ]


def _option(param: Any) -> str | None:
    if param.param_type_name != "option" or "--help" in param.opts:
        return None
    value = f" {param.metavar}" if param.metavar else "" if param.is_flag else f" {_word(param)}"
    names = ", ".join(f"`{name}{value}`" for name in param.opts)
    default = "" if param.is_flag or param.default in {None, ""} else f" Default: {param.default}."
    return f"| {names} | {param.help}{default} |"


def _word(param: Any) -> str:
    return str(param.name).upper()
