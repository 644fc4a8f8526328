"""Whether the server lives, whether it is of use, and what it measures of itself."""

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from rescind.server.access.asking import Reader, require_everywhere
from rescind.server.api.means import Means
from rescind.server.api.problems import Kind, ProblemError, problem_responses

__all__ = ["health_routes"]

_LAG_SECONDS_MAX = 30.0
_SEE_THE_LOG = "Kafka, the read model or the tokens cannot be used; the server's log says which"

_log = structlog.get_logger(__name__)


class Alive(BaseModel):
    """It answers."""

    alive: bool = True


class Lag(BaseModel):
    """How far one partition of the read model is behind the journal."""

    offsets: int
    seconds: float


class Ready(BaseModel):
    """Kafka takes requests, and the read model keeps up."""

    ready: bool = True
    lag: dict[int, Lag]


def health_routes(means: Means) -> APIRouter:
    """The routes; they are no part of the versioned API."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def is_alive() -> Alive:
        """Whether the process answers. Nothing else is looked at: a restart would not help it."""
        return Alive()

    @router.get("/health/ready", responses=problem_responses(Kind.NOT_READY))
    async def is_ready() -> Ready:
        """Whether Kafka takes requests and reads are at most 30 seconds old."""
        lag = means.lag or {}
        wrong = {"kafka": means.no_kafka, "read_model": means.no_reads, "tokens": means.no_tokens}
        late = {number for number, one in lag.items() if one.seconds > _LAG_SECONDS_MAX}
        if late and not means.no_reads:
            wrong["read_model"] = (
                f"the read model is more than {_LAG_SECONDS_MAX:g} s behind in partitions "
                + ", ".join(map(str, sorted(late)))
            )
        missing = [name for name, reason in wrong.items() if reason]
        why = "; ".join(wrong[name] for name in missing)
        if why and not means.gate.is_open:
            # Anybody may ask, and addresses and users are in what a driver says.
            _log.info("the server is not ready", why=why)
            raise ProblemError(Kind.NOT_READY, _SEE_THE_LOG, missing=missing)
        if why:
            raise ProblemError(Kind.NOT_READY, why, missing=missing)
        shown = {n: Lag(offsets=one.offsets, seconds=one.seconds) for n, one in lag.items()}
        return Ready(lag=shown)

    @router.get(
        "/metrics",
        response_class=Response,
        include_in_schema=False,
    )
    async def show_metrics(by: Reader) -> Response:
        """For Prometheus."""
        require_everywhere(by)
        means.meters.look_at(means.lag or {}, means.streams)
        return Response(generate_latest(means.meters.registry), media_type=CONTENT_TYPE_LATEST)

    return router
