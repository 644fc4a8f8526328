"""`Register`: the tokens that there are, as the topic ``tokens`` has them.

Each is a record under its id, signed with the service's key, and the last one holds. Whoever can
write to the topic without the key makes no token. They could put an older record back, though, in
which a token is not revoked yet: so only who gives out tokens may write there (`rescind topics
acls`).
"""

from collections.abc import Mapping

import structlog
from pydantic import ValidationError

from rescind.access.tokens import Token, read_token
from rescind.errors import TokenRefusedError
from rescind.events.signature import SIGNATURE_HEADER, sign, verify
from rescind.kafka.connection import Connection
from rescind.kafka.reading.readers import TopicFollower
from rescind.kafka.reading.visits import Visit, starts
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames

__all__ = ["Register", "read_register", "token_record"]

_log = structlog.get_logger(__name__)


class Register:
    """The tokens of a service. ``keys`` check the records, by their ids.

    Attributes:
        is_complete: whether all that there was has been read, so that an unknown token is none.

    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = keys
        self._tokens: dict[str, Token] = {}
        self.is_complete = False

    def known(self) -> list[Token]:
        """Every token, the oldest first, with those that are good no more."""
        return sorted(self._tokens.values(), key=lambda one: (one.created_at, one.token_id))

    def by_secret(self, text: str, now_ms: int) -> Token:
        """The token that somebody shows. Raises `TokenRefusedError` if it is none that is good."""
        shown = read_token(text)
        token = None if shown is None else self._tokens.get(shown.token_id)
        if shown is None or token is None or not token.fits(shown.secret):
            raise TokenRefusedError("unknown")
        return _live(token, now_ms)

    def by_id(self, token_id: str, now_ms: int) -> Token:
        """The token of somebody who has shown it before. Raises as `by_secret` does."""
        token = self._tokens.get(token_id)
        if token is None:
            raise TokenRefusedError("unknown")
        return _live(token, now_ms)

    def see(self, record: Record) -> None:
        """Take in one record of the topic, after all that came before it."""
        _put(self._tokens, record, self._keys)

    async def follow(self, connection: Connection, topics: TopicNames) -> None:
        """Read the topic from its beginning, and go on for ever.

        Those that were known hold until all was read again: half-way there, what was revoked would
        be good for a moment.
        """
        first = await starts(connection, topics.tokens)
        async with TopicFollower(connection, topics.tokens, first) as follower:
            last = await follower.ends()
            read: dict[str, Token] = {}
            while any([await follower.position(one) < end for one, end in last.items()]):
                for record in await follower.fetch():
                    _put(read, record, self._keys)
            self._tokens, self.is_complete = read, True
            async for records in follower.follow():
                for record in records:
                    self.see(record)


async def read_register(
    connection: Connection, topics: TopicNames, keys: Mapping[str, bytes]
) -> Register:
    """The tokens as they are now."""
    register = Register(keys)
    async with Visit(connection) as visit:
        for partition in await visit.starts(topics.tokens):
            async for records in visit.read_to_end(topics.tokens, partition):
                for record in records:
                    register.see(record)
    register.is_complete = True
    return register


def token_record(token: Token, topics: TopicNames, keys: Mapping[str, bytes]) -> OutRecord:
    """The record that makes it known; of the keys the first signs."""
    value = token.model_dump_json(exclude_none=True).encode()
    key_id, key = next(iter(keys.items()))
    headers = ((SIGNATURE_HEADER, sign(value, key_id, key)),)
    return OutRecord(topics.tokens, token.token_id.encode(), value, headers)


def _live(token: Token, now_ms: int) -> Token:
    if token.revoked_at is not None:
        raise TokenRefusedError("revoked")
    if not token.is_live(now_ms):
        raise TokenRefusedError("expired")
    return token


def _put(tokens: dict[str, Token], record: Record, keys: Mapping[str, bytes]) -> None:
    token_id = (record.key or b"").decode(errors="replace")
    if (before := tokens.get(token_id)) is not None and before.revoked_at is not None:
        # Revoked once is revoked: an older record that is put back changes nothing.
        return
    if record.value is None:
        tokens.pop(token_id, None)
        return
    token = _checked(record, keys)
    if token is None or token.token_id != token_id:
        # What was known under that id may have been narrowed by what cannot be read.
        tokens.pop(token_id, None)
        _log.warning("a token is left out: no key that is set has signed it, or it cannot be read",
                     token_id=token_id[:64])  # fmt: skip
        return
    tokens[token_id] = token


def _checked(record: Record, keys: Mapping[str, bytes]) -> Token | None:
    value = record.value or b""
    if not verify(value, record.header(SIGNATURE_HEADER), keys):
        return None
    try:
        return Token.model_validate_json(value)
    except ValidationError:
        return None
