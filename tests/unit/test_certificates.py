"""What is wrong with a certificate is told apart, by real handshakes."""

import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from rescind.kafka.clients.refusing import remedy_of

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
OURS = trustme.CA()

EXPIRED = OURS.issue_cert("127.0.0.1", not_before=NOW - 2 * DAY, not_after=NOW - DAY)
NOT_YET = OURS.issue_cert("127.0.0.1", not_before=NOW + DAY, not_after=NOW + 2 * DAY)


def refusal(leaf: trustme.LeafCert, host: str) -> ssl.SSLCertVerificationError:
    """What a client comes to that trusts us and expects that host."""
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with leaf.private_key_and_cert_chain_pem.tempfile() as file:
        theirs.load_cert_chain(file)
    ours = ssl.create_default_context(cadata=OURS.cert_pem.bytes().decode())
    here, there = socket.socketpair()

    def serve() -> None:
        with suppress(OSError), theirs.wrap_socket(there, server_side=True):
            pass

    with here, there, ThreadPoolExecutor(1) as threads:
        serving = threads.submit(serve)
        with pytest.raises(ssl.SSLCertVerificationError) as refused:
            ours.wrap_socket(here, server_hostname=host)
        here.close()
        serving.result(timeout=60)
    return refused.value


@pytest.mark.parametrize(
    "leaf, host, said",
    [
        (EXPIRED, "127.0.0.1", "the certificate of the broker has expired"),
        (NOT_YET, "127.0.0.1", "is not valid yet"),
        (OURS.issue_cert("127.0.0.1"), "127.0.0.2", "let RESCIND_BOOTSTRAP have a name"),
        (OURS.issue_cert("a.example"), "b.example", "let RESCIND_BOOTSTRAP have a name"),
        (trustme.CA().issue_cert("127.0.0.1"), "127.0.0.1", "set RESCIND_TLS_CA_FILE to"),
    ],
)
def test_each_has_its_own_remedy(leaf: trustme.LeafCert, host: str, said: str) -> None:
    remedy = remedy_of(refusal(leaf, host))

    assert said in remedy
    assert ("RESCIND_TLS_CA_FILE" in remedy) == ("RESCIND_TLS_CA_FILE" in said)
