"""What is told of a token, what is kept of it, and which records count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rescind.access.register import Register, token_record
from rescind.access.tokens import Scope, Shown, Token, mint, read_token
from rescind.errors import TokenRefusedError
from rescind.kafka.records import OutRecord, Record
from rescind.kafka.topics import TopicNames

KEYS = {"k1": b"the key of these tests"}
NAMES = TopicNames("t.")
NOW = 1_800_000_000_000
HOUR = 3_600_000


def made(**how: object) -> tuple[Token, Shown]:
    return mint("ada", [Scope.READ, Scope.CANCEL], now_ms=NOW, **how)  # type: ignore[arg-type]


def lying(out: OutRecord, offset: int = 0) -> Record:
    return Record(out.topic, 0, offset, NOW, out.key, out.value, out.headers)


def knowing(*tokens: Token) -> Register:
    register = Register(KEYS)
    for token in tokens:
        register.see(lying(token_record(token, NAMES, KEYS)))
    return register


def why(register: Register, text: str, at_ms: int = NOW) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        register.by_secret(text, at_ms)
    return refused.value.why


def test_a_token_is_known_by_what_was_told_once() -> None:
    token, shown = made()

    assert knowing(token).by_secret(str(shown), NOW) == token
    assert read_token(str(shown)) == shown


def test_its_secret_is_in_nothing_that_is_kept_or_printed() -> None:
    token, shown = made()
    record = token_record(token, NAMES, KEYS)

    for kept in (record.value, record.key, repr(record.headers).encode(), repr(token).encode()):
        assert kept is not None
        assert shown.secret.encode() not in kept


def test_no_two_tokens_are_alike() -> None:
    assert len({str(made()[1]) for _ in range(100)}) == 100


def test_another_secret_under_its_id_is_no_token() -> None:
    (token, shown), (_, other) = made(), made()
    register = knowing(token)

    assert why(register, str(shown._replace(secret=other.secret))) == "unknown"
    assert why(register, str(shown._replace(token_id=other.token_id))) == "unknown"
    assert why(register, str(shown)[:-1]) == "unknown"


@given(text=st.text() | st.from_regex(r"rscd_[0-9a-f]*_.*"))
def test_any_other_text_is_no_token(text: str) -> None:
    assert why(knowing(made()[0]), text) == "unknown"


def test_it_ends_at_its_time_and_when_it_is_revoked() -> None:
    token, shown = made(expires_ms=NOW + HOUR)
    register = knowing(token)
    assert register.by_secret(str(shown), NOW + HOUR - 1) == token
    assert why(register, str(shown), NOW + HOUR) == "expired"

    revoked = token.model_copy(update={"revoked_at": NOW + 1})
    register.see(lying(token_record(revoked, NAMES, KEYS)))
    assert why(register, str(shown)) == "revoked"
    with pytest.raises(TokenRefusedError):
        register.by_id(token.token_id, NOW)


def test_a_record_without_the_service_s_signature_makes_no_token() -> None:
    token, shown = made()
    record = token_record(token, NAMES, KEYS)
    stranger = token_record(token, NAMES, {"k1": b"a key of somebody else"})

    for forged in (record._replace(headers=()), stranger):
        register = Register(KEYS)
        register.see(lying(forged))
        assert why(register, str(shown)) == "unknown"


def test_a_record_that_cannot_be_read_ends_the_token_that_was_there() -> None:
    token, shown = made()
    register = knowing(token)
    wider = token.model_dump_json().replace("token.v1", "token.v9").encode()
    signed = token_record(token, NAMES, KEYS)._replace(value=wider)

    register.see(lying(signed))

    assert why(register, str(shown)) == "unknown"


def test_a_record_under_the_id_of_another_token_is_not_taken_for_it() -> None:
    (mine, _), (theirs, shown) = made(), made()
    record = token_record(mine, NAMES, KEYS)._replace(key=theirs.token_id.encode())
    register = knowing(theirs)

    register.see(lying(record))

    assert why(register, str(shown)) == "unknown"
    assert mine not in register.known()


def test_a_key_that_was_changed_is_good_as_long_as_it_stays_beside_the_new_one() -> None:
    token, shown = made()
    record = lying(token_record(token, NAMES, KEYS))
    both = Register({"k2": b"the key that comes after", **KEYS})

    both.see(record)

    assert both.by_secret(str(shown), NOW) == token


@pytest.mark.parametrize("scope", list(Scope))
def test_admin_may_everything_and_no_other_scope_includes_another(scope: Scope) -> None:
    one, _ = mint("ada", [scope], now_ms=NOW)

    assert [each for each in Scope if one.may(each)] == (
        list(Scope) if scope is Scope.ADMIN else [scope]
    )


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 257}, {"scopes": []}, {"namespaces": [""]}, {"namespaces": []}],
)
def test_what_is_no_name_makes_no_token(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        mint(**{"name": "ada", "scopes": [Scope.READ], "now_ms": NOW, **wrong})  # type: ignore[arg-type]


def test_a_record_from_before_its_revocation_that_is_put_back_revokes_nothing() -> None:
    token, shown = made()
    before = lying(token_record(token, NAMES, KEYS))
    revoked = token.model_copy(update={"revoked_at": NOW})
    register = knowing(token, revoked)

    register.see(before)

    assert why(register, str(shown)) == "revoked"
