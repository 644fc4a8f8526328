# The part of Dask that Rescind and its tests use; the package's own types are partly unknown.
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, Self

class Future:
    key: str
    status: Literal["pending", "finished", "error", "cancelled", "lost"]
    def __await__(self) -> Any: ...
    def release(self) -> None: ...
    def result(self, timeout: float | None = None) -> Any: ...

class Client:
    def __init__(
        self,
        address: str,
        *,
        asynchronous: bool = False,
        set_as_default: bool = True,
        timeout: float = 30,
        security: object = None,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exception: object) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: object) -> None: ...
    def submit(
        self,
        function: Callable[..., object],
        *args: object,
        key: str | None = None,
        workers: Collection[str] | None = None,
        retries: int = 0,
        pure: bool = True,
    ) -> Future: ...
    async def cancel(self, futures: Sequence[Future], *, reason: str) -> None: ...
    async def run(
        self, function: Callable[..., object], *args: object, workers: Sequence[str] | None = None
    ) -> dict[str, Any]: ...
    async def restart_workers(
        self, workers: Sequence[str], timeout: float, raise_for_error: bool
    ) -> dict[str, Any]: ...
    async def register_plugin(self, plugin: WorkerPlugin, name: str) -> object: ...
    def subscribe_topic(
        self, topic: str, handler: Callable[[tuple[float, Any]], object]
    ) -> None: ...
    def run_on_scheduler(self, function: Callable[..., Any]) -> Any: ...
    async def nthreads(self) -> dict[str, int]: ...

class WorkerPlugin:
    idempotent: bool

class Scheduler:
    address: str
    def __init__(
        self,
        *,
        host: str,
        port: int,
        dashboard: bool,
        dashboard_address: str,
        allowed_failures: int,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exception: object) -> None: ...
    async def finished(self) -> None: ...

class Worker:
    name: object
    address: str
    active_keys: set[str]
    nanny: object
    def __init__(
        self,
        address: str,
        *,
        host: str,
        nthreads: int,
        name: str,
        memory_limit: int,
        local_directory: str,
        dashboard: bool,
    ) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *exception: object) -> None: ...
    async def finished(self) -> None: ...
    def log_event(self, topic: str, msg: object) -> None: ...

def get_worker() -> Worker: ...

class KilledWorker(Exception): ...
