"""A server that answers what a test has it say, over a real socket."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Answering", "serving"]


class Answering(ThreadingHTTPServer):
    """Has JSON, or what is meant to be none, for each request: that is `answer`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        """The status and the body for a request, by its path without a query."""
        raise AssertionError(f"nothing is said of {method} {path}: {body!r}")


class _Answers(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        assert isinstance(self.server, Answering)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        code, said = self.server.answer(self.command, self.path.partition("?")[0], body)
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # The base class looks for these names.

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass  # It is the test's own.


@contextmanager
def serving(server: Answering) -> Generator[str]:
    """Answer for so long; where, as host and port."""
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
