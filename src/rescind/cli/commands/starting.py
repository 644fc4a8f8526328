"""`up`: everything on one machine."""

__all__ = ["up"]


def up() -> int:
    """Start Kafka and all services on this machine, and watch over them until Ctrl-C.

    With RESCIND_BOOTSTRAP set, the services alone, on that cluster. Data and logs are kept in the
    user's data folder, and every command on this machine finds them by itself. With
    RESCIND_DATA_DIR they are in that folder, and the commands need the variable too.
    """
    from rescind.cli.session import run
    from rescind.cli.up.running import stay_up

    return run(stay_up())
