"""`worker`, `agents` and `server`: the processes that a deployment runs."""

from rescind.cli.importing import importing

__all__ = ["agents", "server", "worker"]


def worker() -> int:
    """Run a lifecycle worker, the only writer of the journal. SIGTERM drains it."""
    with importing():
        from rescind.cli.services import serve_worker

    return serve_worker()


def agents() -> int:
    """Run the agents: liveness of runners, reminders, bulk cancellations. SIGTERM drains them."""
    with importing():
        from rescind.cli.services import serve_agents

    return serve_agents()


def server() -> int:
    """Run the HTTP API, on this machine alone. SIGTERM drains it."""
    with importing():
        from rescind.cli.services import serve_http

    return serve_http()
