"""The command as a whole: which commands there are, in the order in which a newcomer needs them."""

from typing import Annotated

import typer

import rescind
from rescind.cli.commands.audit import audit
from rescind.cli.commands.bulk import bulk
from rescind.cli.commands.cancel import cancel
from rescind.cli.commands.dead_letters import dead_letters
from rescind.cli.commands.doctor import doctor
from rescind.cli.commands.flows import demo, run
from rescind.cli.commands.hooks import hooks
from rescind.cli.commands.journal import journal
from rescind.cli.commands.looking import ls, runners, show, watch
from rescind.cli.commands.read_model import read_model
from rescind.cli.commands.services import agents, runner, server, worker
from rescind.cli.commands.starting import up
from rescind.cli.commands.tokens import tokens
from rescind.cli.commands.topics import topics

__all__ = ["app"]

app = typer.Typer(
    name="rescind",
    help="Cancel work that is already running, and prove what was done.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_BEGIN = "Begin"
_USE = "Cancel and look"
_RUN = "Operate"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rescind {rescind.__version__}")
        raise typer.Exit


@app.callback()
def rescind_itself(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks and what the Kafka client says.")
    ] = False,
) -> None:
    """Cancel work that is already running, and prove what was done."""


app.command(rich_help_panel=_BEGIN)(demo)
app.command(rich_help_panel=_BEGIN)(up)
app.command(rich_help_panel=_BEGIN)(run)
app.command(rich_help_panel=_USE)(cancel)
app.command(rich_help_panel=_USE)(ls)
app.command(rich_help_panel=_USE)(show)
app.command(rich_help_panel=_USE)(watch)
app.command(rich_help_panel=_USE)(runners)
app.add_typer(bulk, name="bulk", rich_help_panel=_USE)
app.add_typer(journal, name="journal", rich_help_panel=_USE)
app.add_typer(audit, name="audit", rich_help_panel=_RUN)
app.add_typer(dead_letters, name="dead-letters", rich_help_panel=_RUN)
app.add_typer(hooks, name="hooks", rich_help_panel=_RUN)
app.command(rich_help_panel=_RUN)(doctor)
app.add_typer(read_model, name="read-model", rich_help_panel=_RUN)
app.add_typer(tokens, name="tokens", rich_help_panel=_RUN)
app.add_typer(topics, name="topics", rich_help_panel=_RUN)
app.command(rich_help_panel=_RUN)(worker)
app.command(rich_help_panel=_RUN)(agents)
app.command(rich_help_panel=_RUN)(server)
app.command(rich_help_panel=_RUN)(runner)
