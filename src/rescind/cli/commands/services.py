"""`worker` and `agents`: the processes that every deployment runs."""

__all__ = ["agents", "worker"]


def worker() -> int:
    """Run a lifecycle worker, the only writer of the journal. SIGTERM drains it."""
    from rescind.cli.services import serve_worker

    return serve_worker()


def agents() -> int:
    """Run the agents: liveness of runners, reminders. SIGTERM drains them."""
    from rescind.cli.services import serve_agents

    return serve_agents()
