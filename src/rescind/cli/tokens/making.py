"""`rescind tokens create` and `revoke`: each writes one signed record for each token."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Final, Literal

from pydantic import ValidationError
from rich.text import Text

from rescind.access.register import read_register, token_record
from rescind.access.tokens import Scope, Token, mint
from rescind.cli.exits import Exit
from rescind.cli.options import misused
from rescind.cli.printing.output import Output
from rescind.cli.session import Session, open_session
from rescind.cli.tokens.listing import described
from rescind.errors import BrokerUnavailableError, UnknownTokenError
from rescind.kafka.reading.visits import ends
from rescind.kafka.writing.sender import Sender
from rescind.processors.shared.keys import signing_keys
from rescind.telling.words import day_and_clock, plain

__all__ = ["create_token", "renew_tokens", "revoke_tokens"]

_DAY_MS: Final = 86_400_000
_SEND_SECONDS: Final = 10.0


async def create_token(
    name: str,
    scopes: list[str],
    *,
    namespaces: list[str] | None,
    kind: Literal["user", "service"],
    days: int,
    as_json: bool,
) -> Exit:
    """Raises `typer.BadParameter` for a name that is none, and `TopicsError`."""
    output = Output(as_json=as_json)
    now_ms = round(time.time() * 1000)
    try:
        token, shown = mint(
            name,
            [Scope(each) for each in scopes],
            now_ms=now_ms,
            kind=kind,
            namespaces=namespaces or None,
            expires_ms=now_ms + days * _DAY_MS if days else None,
        )
    except ValidationError as error:
        raise misused(error) from None
    session = await open_session()
    # A broker that makes topics by itself would make one that forgets.
    await ends(session.connection, session.names.tokens)
    await _write(session, [token])
    if as_json:
        output.document({**described(token, now_ms), "token": str(shown)})
        return Exit.OK
    output.show(str(shown))
    until = (
        "until it is revoked"
        if token.expires_at is None
        else f"until {day_and_clock(token.expires_at)}"
    )
    where = ", ".join(map(plain, token.namespaces or ())) or "every namespace"
    output.say(
        f"{plain(name)} may {', '.join(token.scopes)} in {where} with it, {until}. "
        f"Keep it: nobody can look it up again. `rescind tokens revoke {token.token_id}` ends it.",
        "dim",
    )
    return Exit.OK


async def revoke_tokens(whose: str, *, as_json: bool) -> Exit:
    """Raises `UnknownTokenError`."""
    output = Output(as_json=as_json)
    session = await open_session()
    keys = signing_keys(session.settings)
    register = await read_register(session.connection, session.names, keys)
    found = [token for token in register.known() if whose in {token.token_id, token.name}]
    if not found:
        raise UnknownTokenError(whose)
    now_ms = round(time.time() * 1000)
    live = [token for token in found if token.revoked_at is None]
    await _write(session, [each.model_copy(update={"revoked_at": now_ms}) for each in live])
    document: list[dict[str, Any]] = []
    for token in found:
        is_new = token.revoked_at is None
        said = "is revoked" if is_new else "was revoked already"
        output.show(Text.assemble((token.token_id, "bold"), f"  {plain(token.name)}  {said}"))
        document.append({"token_id": token.token_id, "name": token.name, "revoked_now": is_new})
    if as_json:
        output.document(document)
    return Exit.OK


async def renew_tokens(*, as_json: bool) -> Exit:
    """What no key that is set has signed is left out, as a server leaves it out."""
    output = Output(as_json=as_json)
    session = await open_session()
    keys = signing_keys(session.settings)
    register = await read_register(session.connection, session.names, keys)
    await _write(session, register.known())
    if as_json:
        output.document({"renewed": [token.token_id for token in register.known()]})
    else:
        output.show(f"{len(register.known())} tokens are signed anew.")
    return Exit.OK


async def _write(session: Session, tokens: Iterable[Token]) -> None:
    """Raises `BrokerUnavailableError` if Kafka has not taken all of them."""
    keys = signing_keys(session.settings)
    sender = Sender(session.connection)
    await sender.start(wait_seconds=_SEND_SECONDS)
    try:
        async with asyncio.timeout(_SEND_SECONDS):
            for token in tokens:
                await sender.send(token_record(token, session.names, keys))
    except TimeoutError:
        why = f"it has not taken the record within {_SEND_SECONDS:g} s"
        raise BrokerUnavailableError(session.connection.bootstrap, why) from None
    finally:
        await sender.close(wait_seconds=0)
