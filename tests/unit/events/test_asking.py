"""Who may ask: what a record says of its sender is a claim until a signature is checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rescind.events.describe import ASKED, request_classes
from rescind.events.refusals import Code
from rescind.events.requests import (
    AnyRequest,
    BulkCount,
    BulkForget,
    BulkProgress,
    CancellationClock,
    ChildFinished,
    FlowCancel,
    RequestDenied,
    RunnerForget,
    RunnerLost,
    Unreadable,
    read_request,
    write_request,
)
from rescind.events.signature import sign, verify
from rescind.events.words import Actor
from tests.strategies import requests
from tests.unit.events.records import CANCEL, accepted

KEY = b"0123456789abcdef"
OTHER = b"fedcba9876543210"
VALUE = b'{"type":"flow.cancel","flow_run_id":"nightly-7"}'


def test_what_only_the_service_asks_is_marked_so() -> None:
    marked = {model for model in request_classes() if model.service_only}

    of_bulks = {BulkCount, BulkProgress, BulkForget}
    others = {RunnerLost, RunnerForget, CancellationClock, ChildFinished, RequestDenied}
    assert marked == of_bulks | others
    assert all(Code.NOT_ALLOWED in ASKED[model].refusals for model in marked)


def test_nobody_is_verified_because_they_say_so() -> None:
    claimed = {"kind": "service", "id": "server", "verified": True}

    request = accepted({**CANCEL, "actor": claimed})

    assert request.actor == Actor(kind="service", id="server", verified=False)


@given(request=requests())
def test_no_request_ever_has_a_verified_actor(request: AnyRequest) -> None:
    assert request.actor is None or not request.actor.verified


@given(
    value=st.binary(),
    key=st.binary(min_size=16),
    key_id=st.text("0123456789abcdef", min_size=1),
)
def test_a_signature_fits_the_bytes_and_the_key_that_it_was_made_with(
    value: bytes, key: bytes, key_id: str
) -> None:
    header = sign(value, key_id, key)

    assert verify(value, header, {key_id: key})
    assert not verify(value + b" ", header, {key_id: key})
    assert not verify(value, header, {key_id: key + b"x"})
    assert not verify(value, header, {f"{key_id}x": key})
    assert not verify(value, header, {})


def test_keys_rotate_any_that_is_known_verifies() -> None:
    old, new = sign(VALUE, "k1", KEY), sign(VALUE, "k2", OTHER)
    keys = {"k2": OTHER, "k1": KEY}

    assert verify(VALUE, old, keys)
    assert verify(VALUE, new, keys)
    assert not verify(VALUE, old, {"k2": OTHER})


GOOD = sign(VALUE, "k1", KEY)


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"v1",
        b"v1 k1",
        b"v1 k1 ",
        GOOD + b" ",
        GOOD[:-1],
        GOOD.replace(b"v1", b"v2"),
        GOOD.upper(),
        GOOD.replace(b" ", b"\t"),
        "v1 k1 ä".encode(),
        b"\xff",
    ],
)
def test_a_header_that_is_no_whole_signature_verifies_nothing(header: bytes | None) -> None:
    assert not verify(VALUE, header, {"k1": KEY})


def test_a_signature_outlives_being_forwarded_because_it_is_over_the_bytes() -> None:
    value = write_request(FlowCancel(flow_run_id="nightly-7", reason="täglich"))

    assert verify(bytes(value), sign(value, "k1", KEY), {"k1": KEY})


@pytest.mark.parametrize(
    "name, content",
    [
        ("ce_type", b"flow.cancel"),
        ("ce_subject", b"nightly-7"),
        ("ce_id", b"r-1"),
        ("ce_specversion", b"1.0"),
        ("content-type", b"application/json"),
        ("content-type", b"Application/JSON; charset=utf-8"),
        ("ce_source", b"anything"),
        ("ce_time", b"whenever"),
        ("x-trace", b"\xff"),
        ("rescind-signature", b"forged"),
    ],
)
def test_headers_that_agree_or_say_nothing_change_nothing(name: str, content: bytes) -> None:
    value = b'{"type":"flow.cancel","flow_run_id":"nightly-7","request_id":"r-1"}'

    assert read_request(value, [(name, content)]) == read_request(value)


@pytest.mark.parametrize(
    "name, content",
    [
        ("ce_type", b"flow.register"),
        ("ce_subject", b"nightly-8"),
        ("ce_id", b"r-2"),
        ("ce_specversion", b"0.3"),
        ("content-type", b"application/avro"),
        ("content-type", b"application/cloudevents+json"),
        ("ce_type", None),
    ],
)
def test_a_header_that_says_otherwise_makes_the_record_unreadable(
    name: str, content: bytes | None
) -> None:
    value = b'{"type":"flow.cancel","flow_run_id":"nightly-7","request_id":"r-1"}'

    answer = read_request(value, [("ce_source", b"x"), (name, content)])

    assert isinstance(answer, Unreadable)
    assert answer.path == f"headers.{name}"
    assert answer.message.startswith("expected ")
    assert (answer.stream_id, answer.request_id) == ("nightly-7", "r-1")


def test_an_id_in_the_headers_alone_is_nobodys_request_id() -> None:
    request = read_request(VALUE, [("ce_id", b"anything")])

    assert isinstance(request, FlowCancel)
    assert request.request_id is None
