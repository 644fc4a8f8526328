from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

class Configuration:
    host: str
    retries: bool | None

class RESTResponse:
    status: int
    response: Any
    def read(self) -> bytes: ...

Request: TypeAlias = tuple[str, str, dict[str, str], Any, Any]

class ApiClient:
    def __init__(self, configuration: Configuration | None = None) -> None: ...
    def param_serialize(
        self,
        method: str,
        resource_path: str,
        *,
        query_params: Sequence[tuple[str, str]] | None = None,
        header_params: dict[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        auth_settings: Sequence[str] | None = None,
    ) -> Request: ...
    def call_api(
        self,
        method: str,
        url: str,
        header_params: dict[str, str],
        body: Any,
        post_params: Any,
        /,
        *,
        _request_timeout: tuple[float, float | None] | None = None,
    ) -> RESTResponse: ...
    def close(self) -> None: ...
