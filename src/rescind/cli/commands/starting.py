"""`up`: everything on one machine."""

from rescind.cli.options import Json

__all__ = ["up"]


def up(as_json: Json = False) -> int:
    """Start Kafka and all services on this machine, and watch over them until Ctrl-C.

    With RESCIND_BOOTSTRAP set, the services alone, on that cluster. Data and logs are kept in the
    user's data folder, and every command on this machine finds them by itself. With
    RESCIND_DATA_DIR they are in that folder, and the commands need the variable too.

    With --json one document says where everything is, as soon as all of it answers.
    """
    from rescind.cli.session import run
    from rescind.cli.up.running import stay_up

    return run(stay_up(as_json=as_json))
