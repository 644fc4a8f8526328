"""The signature of a webhook, against one that was worked out from the definition of HMAC."""

import base64

from rescind.processors.hooking.signature import (
    ID,
    SIGNATURE,
    TIMESTAMP,
    TOLERANCE_SECONDS,
    is_signed_by,
    signed_headers,
)

KEY = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER = b"another key of the tests"
BODY = b'{"type":"flow.cancelled"}'
AT = 1_700_000_000


def test_it_is_as_the_standard_has_it() -> None:
    assert signed_headers("msg_1", AT, BODY, [KEY]) == {
        ID: "msg_1",
        TIMESTAMP: "1700000000",
        SIGNATURE: "v1,9thQCtFNj6v4WYloqi36VzcJM8rUdwjwQs+F9u4rTqA=",
    }


def test_each_of_several_secrets_signs_so_that_they_can_be_changed() -> None:
    headers = signed_headers("msg_1", AT, BODY, [OTHER, KEY])

    assert is_signed_by(headers, BODY, KEY, AT)
    assert is_signed_by(headers, BODY, OTHER, AT)


def test_what_was_changed_or_is_old_or_by_somebody_else_is_not_signed() -> None:
    headers = signed_headers("msg_1", AT, BODY, [KEY])

    assert not is_signed_by(headers, BODY + b" ", KEY, AT)
    assert not is_signed_by({**headers, ID: "msg_2"}, BODY, KEY, AT)
    assert not is_signed_by({**headers, TIMESTAMP: str(AT + 1)}, BODY, KEY, AT)
    assert not is_signed_by(headers, BODY, OTHER, AT)
    assert not is_signed_by(headers, BODY, KEY, AT + TOLERANCE_SECONDS + 1)
    assert not is_signed_by({ID: "msg_1", TIMESTAMP: str(AT)}, BODY, KEY, AT)
