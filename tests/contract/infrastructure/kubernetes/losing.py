"""A way to the server of a cluster on which the answer to one request is lost."""

import json
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

__all__ = ["losing"]


class Way(ThreadingHTTPServer):
    """Hands on every request; what comes of the making of a Job it tells to nobody but us."""

    def __init__(self, cluster: dict[str, Any], when_made: Callable[[Any], None]) -> None:
        address = urlsplit(str(cluster["server"]))
        self.to = (str(address.hostname), address.port)
        self.trusted = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self.when_made = when_made
        super().__init__(("127.0.0.1", 0), Hands)


class Hands(BaseHTTPRequestHandler):
    def _hand_on(self) -> None:
        way = self.server
        assert isinstance(way, Way)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        kept = ("accept", "authorization", "content-type")
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        with closing(HTTPSConnection(*way.to, timeout=60, context=way.trusted)) as server:
            server.request(self.command, self.path, body, headers)
            answer = server.getresponse()
            code, said = answer.status, answer.read()
        if self.command == "POST" and code == 201 and json.loads(said)["kind"] == "Job":
            way.when_made(json.loads(said))
            return
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_DELETE = _hand_on  # noqa: N815  # As the base class has it.

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass  # It is the test's own.


@contextmanager
def losing(
    folder: Path, patch: pytest.MonkeyPatch, when_made: Callable[[Any], None]
) -> Iterator[None]:
    """To the cluster of ``KUBECONFIG``; ``when_made`` is told of a Job before that is lost."""
    told: dict[str, Any] = yaml.safe_load(Path(os.environ["KUBECONFIG"]).read_text())
    (only,) = told["clusters"]
    with Way(only["cluster"], when_made) as way:
        serving = threading.Thread(target=way.serve_forever)
        serving.start()
        only["cluster"] = {"server": f"http://127.0.0.1:{way.server_port}"}
        file = folder / "losing"
        file.write_text(json.dumps(told))
        try:
            with patch.context() as patched:
                patched.setenv("KUBECONFIG", str(file))
                yield
        finally:
            way.shutdown()
            serving.join()
