"""`rescind tokens ls`, and how a token is told."""

import time
from typing import Any

from rescind.access.register import read_register
from rescind.access.tokens import Token
from rescind.cli.exits import Exit
from rescind.cli.printing.output import Output, columns
from rescind.cli.session import open_session
from rescind.processors.shared.keys import signing_keys
from rescind.telling.words import day_and_clock, plain, when

__all__ = ["described", "list_tokens"]


async def list_tokens(*, every: bool, as_json: bool) -> Exit:
    output = Output(as_json=as_json)
    session = await open_session()
    keys = signing_keys(session.settings)
    register = await read_register(session.connection, session.names, keys)
    now_ms = round(time.time() * 1000)
    tokens = [one for one in register.known() if every or one.is_live(now_ms)]
    if as_json:
        output.document([described(token, now_ms) for token in tokens])
    elif tokens:
        table = columns(("ID", "NAME", "KIND", "MAY", "NAMESPACES", "SINCE", "STATE"))
        for token in tokens:
            table.add_row(
                token.token_id,
                plain(token.name),
                token.kind,
                ", ".join(token.scopes),
                ", ".join(map(plain, token.namespaces or ())) or "all",
                when(token.created_at, now_ms),
                _state(token, now_ms),
            )
        output.show(table)
    else:
        output.say("There is no token that is good. `rescind tokens create` makes one.")
    return Exit.OK


def described(token: Token, now_ms: int) -> dict[str, Any]:
    """A token as JSON has it here: nothing of its secret."""
    said = token.model_dump(mode="json", exclude={"type", "digest"})
    return {**said, "is_live": token.is_live(now_ms)}


def _state(token: Token, now_ms: int) -> str:
    if token.revoked_at is not None:
        return f"revoked {when(token.revoked_at, now_ms)}"
    if token.expires_at is None:
        return "good"
    if token.is_live(now_ms):
        return f"good until {day_and_clock(token.expires_at)}"
    return f"expired {when(token.expires_at, now_ms)}"
