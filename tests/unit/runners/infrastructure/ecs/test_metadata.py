"""A flow runner in a task of ECS completes its handle with the ARN of its own task."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest

from rescind.events.words import Handle
from rescind.runners.infrastructure.base import HANDLE_VARIABLE
from rescind.runners.infrastructure.ecs.metadata import METADATA_VARIABLE
from rescind.runners.infrastructure.hosted import take_handle
from tests.unit.runners.infrastructure.ecs.aws import ACCOUNT, CLUSTER, REGION, TASK
from tests.unit.runners.infrastructure.ecs.words import HANDLE

PATH = "/v4/0123456789"


class Host(HTTPServer):
    """The host of a task, which answers each of its containers what it was told to."""

    status = 200
    said = b""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{PATH}"


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Host)
        self.send_response(self.server.status if self.path == f"{PATH}/task" else 404)
        self.end_headers()
        self.wfile.write(self.server.said)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass  # It is the test's own.


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with Host() as host:
        serving = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        monkeypatch.setenv(METADATA_VARIABLE, host.address)
        yield host
        host.shutdown()
        serving.join()


def taken(monkeypatch: pytest.MonkeyPatch, handle: Handle = HANDLE) -> Handle | None:
    monkeypatch.setenv(HANDLE_VARIABLE, handle.model_dump_json())
    return take_handle("f")


def of(task: object) -> bytes:
    return orjson.dumps({"Cluster": CLUSTER, "TaskARN": task, "Family": "flows"})


def test_a_task_registers_its_own_arn(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.said = of(TASK)

    handle = taken(monkeypatch)

    assert handle is not None
    assert handle.identity == {**HANDLE.identity, "task": TASK}
    assert handle.model_copy(update={"identity": HANDLE.identity}) == HANDLE


def test_no_proxy_is_asked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.said = of(TASK)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    handle = taken(monkeypatch)

    assert handle is not None
    assert handle.identity["task"] == TASK


@pytest.mark.parametrize(
    "status,said",
    [
        (200, of(TASK.replace(f"/{CLUSTER}/", "/others/"))),
        (200, of(TASK.replace(ACCOUNT, "444455556666"))),
        (200, of(TASK.replace(REGION, "us-east-1"))),
        (200, of(TASK.replace(f"/{CLUSTER}/", "/"))),
        (200, of(f"{TASK}/more")),
        (200, of(None)),
        (200, b"[]"),
        (200, b"{"),
        (500, of(TASK)),
    ],
    ids=["cluster", "account", "region", "old", "longer", "none", "list", "no-json", "failure"],
)
def test_what_does_not_fit_leaves_the_handle_as_it_was(
    host: Host, monkeypatch: pytest.MonkeyPatch, status: int, said: bytes
) -> None:
    host.status, host.said = status, said

    assert taken(monkeypatch) == HANDLE


def test_a_handle_of_no_place_is_left_as_it_was(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.said = of(TASK)
    elsewhere = HANDLE.model_copy(update={"scope": "ecs"})

    assert taken(monkeypatch, elsewhere) == elsewhere


@pytest.mark.parametrize(
    "address", ["", "169.254.170.2/v4", "https://127.0.0.1:1", "http://127.0.0.1:x", "http://[::1"]
)
def test_what_is_no_such_address_leaves_the_handle_as_it_was(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv(METADATA_VARIABLE, address)

    assert taken(monkeypatch) == HANDLE


def test_a_host_that_is_not_there_leaves_the_handle_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Host() as gone:
        monkeypatch.setenv(METADATA_VARIABLE, gone.address)

    assert taken(monkeypatch) == HANDLE


def test_a_host_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes connections, and nobody serves them.
    with Host() as silent:
        monkeypatch.setenv(METADATA_VARIABLE, silent.address)

        assert taken(monkeypatch) == HANDLE


def test_a_task_needs_no_client_of_aws_for_it() -> None:
    asked = (
        "import sys; import rescind.runners.infrastructure.ecs.metadata; "
        "sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
