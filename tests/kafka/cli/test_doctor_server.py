"""`rescind doctor` asks a server that it knows, and says what to do if that is not ready."""

import socket
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from rescind.cli.up.state import UpState, remove_up, write_up
from tests.kafka.cli.command import Command
from tests.kafka.cli.runs import running
from tests.kafka.cli.serving import serving
from tests.kafka.processors.service import Service
from tests.waiting import until


async def found(rescind: Command, *more: str) -> dict[str, str]:
    checks: list[dict[str, str]] = (await rescind("doctor", "--json", *more)).json
    (check,) = [check for check in checks if check["check"] == "server"]
    return check


async def test_where_none_is_known_none_is_asked_and_that_is_said(
    service: Service, rescind: Command
) -> None:
    check = await found(rescind)

    assert (check["verdict"], check["remedy"]) == ("ok", "")
    assert "none is known here" in check["says"]


async def test_one_that_is_ready_says_how_far_its_read_model_is(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    await running(service, "f")
    async with serving(rescind) as client:
        url = str(client.base_url)

        async def has_read_all() -> bool:
            return "0 offsets and 0 ms behind" in (await found(rescind, "--server", url))["says"]

        await until(has_read_all, within_seconds=60)
        monkeypatch.setenv("RESCIND_SERVER_URL", url)
        by_variable = await found(rescind)
        names = [check["check"] for check in (await rescind("doctor", "--json")).json]
    away = await found(rescind)

    assert by_variable["verdict"] == "ok"
    assert by_variable["says"].startswith(f"{url} answers, and its read model is ")
    assert "settings" not in names, "the variable is known"
    assert away["verdict"] == "fail"
    assert "Connection refused" in away["says"]
    assert "see that `rescind server` runs there" in away["remedy"]


async def test_one_that_rescind_up_has_started_for_this_kafka_is_found(
    service: Service, rescind: Command
) -> None:
    data = rescind.folder / "data"
    async with serving(rescind) as client:
        bootstrap, url = service.connection.bootstrap, str(client.base_url)
        write_up(data, UpState.of_this_process(bootstrap, {"server": "server.log"}, url))
        ours = await found(rescind)
        write_up(data, UpState.of_this_process("127.0.0.1:1", {"server": "server.log"}, url))
        of_another_kafka = await found(rescind)
    write_up(data, UpState.of_this_process(bootstrap, {"server": "server.log"}, url))
    ended = await found(rescind)
    remove_up(data)

    assert (ours["verdict"], url in ours["says"]) == ("ok", True)
    assert "none is known here" in of_another_kafka["says"]
    assert (ended["verdict"], ended["remedy"]) == ("fail", "see its log: server.log")


async def test_one_whose_read_model_cannot_be_read_is_not_ready(
    service: Service, rescind: Command
) -> None:
    async with serving(rescind) as client:
        with closing(sqlite3.connect(rescind.folder / "data" / "read-model.db")) as catalog:
            catalog.execute("UPDATE rescind_read_models SET state = 'dropped'")
            catalog.commit()

        async def is_told() -> bool:
            return (await found(rescind, "--server", str(client.base_url)))["verdict"] == "fail"

        await until(is_told, within_seconds=60)
        check = await found(rescind, "--server", str(client.base_url))

    assert "is not ready: " in check["says"]
    assert "`rescind read-model status` says how far it is" in check["remedy"]


@contextmanager
def answering(status: int, body: bytes, leaf: trustme.LeafCert | None = None) -> Iterator[str]:
    """Something that answers everything so; with a certificate, behind TLS."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        if leaf is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            with leaf.private_key_and_cert_chain_pem.tempfile() as file:
                context.load_cert_chain(file)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"{'http' if leaf is None else 'https'}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


LATE = b'{"ready": true, "lag": {"0": {"offsets": 7, "seconds": 20.0}}}'


@pytest.mark.parametrize(
    "status, body, verdict, says",
    [
        (200, LATE, "warn", "its read model is 7 offsets and 20.0 s behind the journal"),
        (200, b"<html>", "fail", "answers 200, as no server of rescind does"),
        (200, b'{"ready": true, "lag": {"0": 5}}', "fail", "answers 200, as no server"),
        (503, b"away", "fail", "answers 503"),
        (404, b'{"detail": "nothing"}', "fail", "answers 404"),
    ],
)
async def test_what_it_says_is_judged(
    service: Service, rescind: Command, status: int, body: bytes, verdict: str, says: str
) -> None:
    with answering(status, body) as url:
        check = await found(rescind, "--server", f"{url}/")

    assert check["verdict"] == verdict
    assert says in check["says"]
    assert check["remedy"]


async def test_one_behind_a_certificate_that_nobody_here_knows_answers_and_that_has_its_remedy(
    service: Service, rescind: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    with answering(200, LATE, authority.issue_cert("127.0.0.1")) as url:
        unknown = await found(rescind, "--server", url)
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        known = await found(rescind, "--server", url)

    assert (unknown["verdict"], known["verdict"]) == ("fail", "warn")
    assert f"{url} answers, but its certificate is not accepted" in unknown["says"]
    assert "set SSL_CERT_FILE to the certificate of the authority" in unknown["remedy"]


@pytest.mark.parametrize(
    "missing, remedy",
    [
        (b'["kafka", "read_model"]', "see that Kafka runs"),
        (b'["tokens"]', "why the topic of tokens cannot be read"),
        (b'["read_model"]', "`rescind read-model status` says how far it is"),
        (b"[]", "which of Kafka, read model and tokens"),
    ],
)
async def test_one_that_is_not_ready_has_the_remedy_of_what_is_missing(
    service: Service, rescind: Command, missing: bytes, remedy: str
) -> None:
    with answering(503, b'{"detail": "why", "missing": %b}' % missing) as url:
        check = await found(rescind, "--server", url)

    assert (check["verdict"], "is not ready: why" in check["says"]) == ("fail", True)
    assert remedy in check["remedy"]
    assert ("read-model status" in check["remedy"]) == ("read-model status" in remedy)


@pytest.mark.parametrize("url", ["127.0.0.1:19080", "ftp://host", "http://", "http://h:port"])
async def test_what_is_no_address_is_one_line(rescind: Command, url: str) -> None:
    said = await rescind("doctor", "--server", url)

    assert said.code == 2
    assert "expected --server to be as http://127.0.0.1:19080" in said.complaint


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(
    service: Service, rescind: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rescind.cli.doctor.server._ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check = await found(rescind, "--server", f"http://127.0.0.1:{silent.getsockname()[1]}")

    assert check["verdict"] == "fail"
    assert "does not answer: timed out" in check["says"]
