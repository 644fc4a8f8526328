"""Does the server answer, and does its read model keep up; asked of itself, as a proxy would.

`/health/ready` needs no token. It is asked directly, and by no proxy that the environment names.
"""

import asyncio
import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

import typer
from pydantic import BaseModel, ValidationError

from rescind.cli.doctor.check import Check, fail, ok, warn
from rescind.cli.session import Session
from rescind.cli.up.state import read_up
from rescind.kafka.clients.certificates import certificate_remedy
from rescind.telling.words import counted, duration, plain

__all__ = ["check_server", "require_url"]

_NAME: Final = "server"
_ANSWER_SECONDS: Final = 10.0
_BYTES_MAX: Final = 1 << 20
# Half of what it takes to be not ready any more.
_LATE_SECONDS: Final = 15.0
_IS_IT = "see that `rescind server` runs there, or name another one by --server"
_LOOK = "`rescind read-model status` says how far it is, and the server's log what holds it up"
_SEE_LOG: Final = "the server's log says which of Kafka, read model and tokens cannot be used"
_REMEDIES: Final = {
    "kafka": "see that Kafka runs, and that RESCIND_BOOTSTRAP of the server names it",
    "read_model": _LOOK,
    "tokens": "the server's log says why the topic of tokens cannot be read",
}


class _Lag(BaseModel):
    offsets: int
    seconds: float


class _Ready(BaseModel):
    """What a server says that is ready."""

    lag: dict[str, _Lag]


class _Problem(BaseModel):
    """What one says that is not."""

    detail: str
    missing: tuple[str, ...] = ()


def require_url(url: str | None) -> None:
    """Raises `typer.BadParameter` if it is said, and no address of a server."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise typer.BadParameter(
            f"expected --server to be as http://127.0.0.1:19080, but got {url!r}"
        )


async def check_server(session: Session, url: str | None) -> Check:
    """That of the URL, else the one that `rescind up` has started for this Kafka."""
    remedy = _IS_IT
    if url is None:
        up = read_up(session.settings.data_dir)
        if up is None or not up.http or up.bootstrap != session.connection.bootstrap:
            return ok(_NAME, "none is known here, so none was asked; --server URL names one")
        url, remedy = up.http, f"see its log: {up.services.get('server', '')}"
    try:
        status, body = await asyncio.to_thread(_ask, url)
    except ssl.SSLCertVerificationError as error:
        return _not_accepted(url, error)
    except (OSError, HTTPException, ValueError) as error:
        why = str(error) or type(error).__name__
        return fail(_NAME, f"{url} does not answer: {plain(why)}", remedy)
    try:
        if status == 200:
            return _ready(url, _Ready.model_validate_json(body))
        if status == 503:
            return _not_ready(url, _Problem.model_validate_json(body))
    except ValidationError:
        pass
    return fail(_NAME, f"{url} answers {status}, as no server of rescind does", _IS_IT)


def _ready(url: str, said: _Ready) -> Check:
    offsets = sum(one.offsets for one in said.lag.values())
    seconds = max((one.seconds for one in said.lag.values()), default=0.0)
    behind = f"{counted(offsets, 'offset')} and {duration(1000 * seconds)} behind the journal"
    if seconds > _LATE_SECONDS:
        return warn(_NAME, f"{url} answers, and its read model is {behind}", _LOOK)
    return ok(_NAME, f"{url} answers, and its read model is {behind}")


def _not_ready(url: str, said: _Problem) -> Check:
    """Without Kafka nothing else can be ready: that comes first, and alone."""
    missing = ("kafka",) if "kafka" in said.missing else said.missing
    remedies = [_REMEDIES[name] for name in missing if name in _REMEDIES]
    why = plain(said.detail, 1_000)
    # An earlier release does not say what is missing.
    return fail(_NAME, f"{url} is not ready: {why}", "; ".join(remedies) or _SEE_LOG)


def _not_accepted(url: str, error: ssl.SSLCertVerificationError) -> Check:
    remedy = certificate_remedy(
        error, whose="the server", authority_by="SSL_CERT_FILE", named_by="--server"
    )
    why = f"its certificate is not accepted: {plain(error.verify_message)}"
    return fail(_NAME, f"{url} answers, but {why}", remedy)


def _ask(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/health/ready")
        answer = connection.getresponse()
        return answer.status, answer.read(_BYTES_MAX)
    finally:
        connection.close()
