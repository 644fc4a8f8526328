"""A connection to a cluster, and its refusals as our errors.

Requests and answers are JSON as the server has it, and not the client's classes: those drop what
they do not know, so that a key that is misspelt in a deployment file would be left out in silence.
The server is asked to refuse it. What is the client's is how to get in: kubeconfig, tokens that are
renewed, TLS.

Absent on purpose: what is asked for, and what the answers mean.
"""

import json
import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rescind.errors import (
    ExtraMissingError,
    InfrastructureError,
    NotStartedError,
    UnauthorisedError,
    UnavailableError,
    UnsupportedError,
)

__all__ = ["Cluster", "GoneError", "configured"]

_ANSWER_SECONDS_MAX: Final = (10.0, 60.0)
"""For a connection to come about, and between two pieces of an answer."""

_OWN_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FILE: Final = "~/.kube/config"
_MERGE: Final = "application/strategic-merge-patch+json"


class GoneError(InfrastructureError):
    """The server knows no such object, or another one by that name."""


class Cluster:
    """The one that a kubeconfig names, or the one in which this runs.

    Args:
        context: of the kubeconfig; by default its current one.

    Attributes:
        uid: what tells it from every other cluster.
        namespace: the one that its context, or this pod, is in.

    Raises:
        ExtraMissingError: the client's package is not installed.
        InfrastructureError: no cluster is named, none answers, or not to us.

    """

    def __init__(self, context: str | None = None) -> None:
        self._client, self.namespace = configured(context)
        # A cluster has no id of its own. This namespace is made with it, and cannot be deleted.
        system = self.get("the cluster", "/api/v1/namespaces/kube-system")
        self.uid = str(system["metadata"]["uid"])

    def get(self, what: str, path: str, **query: str) -> Any:
        return self._ask(what, "GET", path, query)

    def create(self, what: str, path: str, body: Mapping[str, Any]) -> Any:
        """Raises `NotStartedError` if that is refused for what it says."""
        return self._ask(what, "POST", path, {"fieldValidation": "Strict"}, body, is_start=True)

    def patch(self, what: str, path: str, body: Mapping[str, Any]) -> None:
        """Raises `GoneError`; also if ``body`` says the uid and that is another one."""
        self._ask(what, "PATCH", path, {}, body)

    def delete(self, what: str, path: str, uid: str, grace_seconds: int | None = None) -> None:
        """Raises `GoneError`: it is gone, or is another one by now."""
        # With no policy given, the server leaves the pods of a Job where they are, for ever.
        body: dict[str, Any] = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        self._ask(what, "DELETE", path, {}, body)

    def lines(self, what: str, path: str, **query: str) -> Iterator[bytes]:
        """What the server sends, as it sends it, for as long as that takes."""
        with _failures(what):
            answer = self._send("GET", path, query, None, (_ANSWER_SECONDS_MAX[0], None)).response
            try:
                if answer.status >= 300:
                    raise _failure(what, answer.status, answer.read(), is_start=False)
                yield from answer.stream(2**16, decode_content=True)
            finally:
                answer.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _ask(
        self,
        what: str,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        is_start: bool = False,
    ) -> Any:
        with _failures(what):
            answer = self._send(method, path, query, body, _ANSWER_SECONDS_MAX)
            said = answer.read()
        if answer.status >= 300:
            raise _failure(what, answer.status, said, is_start=is_start)
        try:
            return json.loads(said)
        except ValueError:
            raise UnavailableError(what, f"the answer is no JSON: {_words(said)}") from None

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        seconds: tuple[float, float | None],
    ) -> Any:
        headers = {"Accept": "application/json, */*", "User-Agent": "rescind"}
        if body is not None:
            headers["Content-Type"] = _MERGE if method == "PATCH" else "application/json"
        request = self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        return self._client.call_api(*request, _request_timeout=seconds)


def configured(context: str | None) -> tuple[Any, str]:
    """The client, and the namespace that its configuration says."""
    try:
        from kubernetes.client import ApiClient, Configuration
        from kubernetes.config import (
            ConfigException,
            list_kube_config_contexts,
            load_incluster_config,
            load_kube_config,
        )
        from yaml import YAMLError
    except ImportError:
        raise ExtraMissingError("kubernetes", "kubernetes") from None
    configuration = Configuration()
    # Who asks decides if it is asked again.
    configuration.retries = False
    # Each time, and not as it was when the client was imported.
    file = os.environ.get("KUBECONFIG") or _FILE
    try:
        if _is_in_cluster():
            load_incluster_config(client_configuration=configuration)
            namespace = _OWN_NAMESPACE.read_text(encoding="utf-8").strip()
        else:
            load_kube_config(file, context, configuration, persist_config=False)
            contexts, current = list_kube_config_contexts(file)
            chosen = next((each for each in contexts if each["name"] == context), current)
            namespace = chosen["context"].get("namespace") or "default"
    except (ConfigException, YAMLError, OSError, ValueError, KeyError) as error:
        why = f"{file} does not say how to get in: {_one_line(error)}; set KUBECONFIG"
        raise UnavailableError("a Kubernetes cluster", why) from None
    return ApiClient(configuration), namespace


def _is_in_cluster() -> bool:
    """What is named is meant, also in a pod."""
    if os.environ.get("KUBECONFIG") or "KUBERNETES_SERVICE_HOST" not in os.environ:
        return False
    try:
        return not Path(_FILE).expanduser().exists()
    except RuntimeError:
        # Whoever has a number and no name has no home.
        return True


@contextmanager
def _failures(what: str) -> Generator[None]:
    """What the client raises, as one of ours."""
    from kubernetes.client.exceptions import OpenApiException
    from kubernetes.config import ConfigException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ConfigException as error:
        # A token is renewed by asking somebody else for it.
        raise UnavailableError(what, f"there is no way in: {_one_line(error)}") from None
    except (OpenApiException, HTTPError, OSError) as error:
        raise UnavailableError(what, _one_line(error)) from None


def _failure(what: str, code: int, said: bytes, *, is_start: bool) -> InfrastructureError:
    why = _words(said)
    # Who is refused for a quota has the right, and no room.
    if is_start and code == 403 and "exceeded quota" in why:
        return NotStartedError(what, why)
    if code in {401, 403}:
        return UnauthorisedError(what, why)
    if code == 429 or code >= 500:
        return UnavailableError(what, f"the cluster says {code}: {why}")
    if is_start:
        return NotStartedError(what, why)
    if code in {404, 409}:
        return GoneError(what, why)
    return UnsupportedError(what, f"the cluster says {code}: {why}")


def _words(said: bytes) -> str:
    """The message of a `Status`, or what else it is: a proxy in between has its own words."""
    try:
        return _one_line(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        return _one_line(said.decode(errors="replace"))


def _one_line(error: object) -> str:
    # Where the client's objects are in memory says nothing to anybody.
    return re.sub(r"<[\w.]+ object at 0x\w+>: ", "", " ".join(str(error).split()))[:500]
