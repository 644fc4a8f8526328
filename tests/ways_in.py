"""The ways in to an app: each method and path that it serves."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute

__all__ = ["ways_in"]


def ways_in(router: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path that is served; FastAPI keeps routers within routers."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                yield method, before + route.path
        elif hasattr(route, "original_router"):
            yield from ways_in(route.original_router, before + route.include_context.prefix)
