"""Streams of server-sent events, in whatever pieces they come."""

import pytest

from rescind.client.core.sse import Message, Messages

STREAM = (
    b": following\nid: 1\n\n"
    b"data: a\r\ndata:  b\r\nid: 2\r\n\r\n"
    b": ping\n\n"
    b"event: other\rdata\rdata: c\r\r"
    b"retry: 5\nid: no\0id\ndata: d:e\xe2\x80\xa8f\n\n"
    b"data: never whole\nid: 9\n"
)
MESSAGES = [
    Message("", "1"),
    Message("a\n b", "2"),
    Message("\nc", "2"),
    Message("d:e\u2028f", "2"),
]


@pytest.mark.parametrize("size", range(1, len(STREAM) + 1))
def test_a_stream_is_the_same_in_pieces_of_any_size(size: int) -> None:
    messages = Messages()
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]

    assert [message for piece in pieces for message in messages.feed(piece)] == MESSAGES


def test_what_never_ends_a_line_is_not_kept_for_ever() -> None:
    messages = Messages()
    list(messages.feed(b"x" * (16 << 20)))

    with pytest.raises(ValueError, match="expected messages of at most"):
        list(messages.feed(b"x"))
