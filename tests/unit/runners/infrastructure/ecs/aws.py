"""What says of itself that it is AWS, over a socket, and answers what a test has told it.

Who is asked for is told from the request as AWS tells it; the client is the real one, so what it
sends has the shape that AWS's own model has.
"""

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import orjson

__all__ = ["ACCOUNT", "CLUSTER", "REGION", "SCOPE", "TASK", "Answer", "Aws", "failure", "served"]

ACCOUNT = "111122223333"
REGION = "eu-central-1"
SCOPE = f"ecs:{ACCOUNT}:{REGION}"
CLUSTER = "flows"
TASK = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/0123456789abcdef"

Answer: TypeAlias = tuple[int, dict[str, Any]]

_IDENTITY = (
    "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>"
    "<GetCallerIdentityResult><Arn>arn</Arn><UserId>u</UserId><Account>{account}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def failure(code: str, message: str = "AWS's own words", status: int = 400) -> Answer:
    return status, {"__type": code, "message": message}


class Aws(ThreadingHTTPServer):
    """Answers each action by its name; `asked` is what it was asked, in order."""

    def __init__(self) -> None:
        self.account = ACCOUNT
        self.answers: dict[str, Callable[[dict[str, Any]], Answer]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _Answers)

    def says(self, action: str, *answers: Answer | dict[str, Any]) -> None:
        """Those in turn, and the last one from then on."""
        left = list(answers)

        def answer(_asked: dict[str, Any]) -> Answer:
            said = left.pop(0) if len(left) > 1 else left[0]
            return said if isinstance(said, tuple) else (200, said)

        self.answers[action] = answer

    def refuses_once(self, action: str, refusal: Answer) -> None:
        """And then says what it was told to."""
        later = self.answers[action]

        def answer(_asked: dict[str, Any]) -> Answer:
            self.answers[action] = later
            return refusal

        self.answers[action] = answer

    def lists(
        self, *, running: Sequence[str] = (), stopped: Sequence[Sequence[str]] = ((),)
    ) -> None:
        """The ARNs of ListTasks, what has stopped in pages; refused is what AWS does not document.

        "When you specify startedBy as the filter, it must be the only filter that you use."
        """

        def answer(asked: dict[str, Any]) -> Answer:
            filters = asked.keys() - {"cluster", "nextToken"}
            if "startedBy" in filters and filters != {"startedBy"}:
                return failure("InvalidParameterException", "startedBy must be the only filter")
            if asked.get("desiredStatus", "RUNNING") == "RUNNING":
                return 200, {"taskArns": list(running)}
            page = int(asked.get("nextToken", "0"))
            more = {"nextToken": str(page + 1)} if page + 1 < len(stopped) else {}
            return 200, {"taskArns": list(stopped[page]), **more}

        self.answers["ListTasks"] = answer

    def asked_for(self, action: str) -> list[dict[str, Any]]:
        return [body for name, body in self.asked if name == action]

    def forget(self) -> None:
        self.answers.clear()
        self.asked.clear()

    def answer(self, target: str, body: bytes) -> tuple[int, bytes]:
        if not target:
            return 200, _IDENTITY.format(account=self.account).encode()
        action = target.rpartition(".")[2]
        asked = orjson.loads(body)
        self.asked.append((action, asked))
        status, said = self.answers[action](asked)
        return status, orjson.dumps(said)


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, Aws)
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        status, said = self.server.answer(self.headers.get("x-amz-target", ""), body)
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        # A connection that is kept would keep a thread of the server's.
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(said)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass  # It is the test's own.


@contextmanager
def served() -> Generator[Aws]:
    with Aws() as aws:
        serving = threading.Thread(target=aws.serve_forever)
        serving.start()
        try:
            yield aws
        finally:
            aws.shutdown()
            serving.join()
