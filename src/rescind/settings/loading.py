"""Reading the settings, and saying what is wrong with them."""

import difflib
import os
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from rescind.errors import SettingsError
from rescind.settings.hooks import hook_problem
from rescind.settings.model import PREFIX, Settings, config_file

__all__ = ["load_settings", "unknown_variables"]

# Variables that are no settings: where the file is, docker-compose.yml's, what marks processes,
# where `rescind doctor` asks a server, and the tests'.
_NO_SETTINGS: Final = (
    "RESCIND_CONFIG",
    "RESCIND_HANDLE",
    "RESCIND_JOB",
    "RESCIND_KAFKA_PORT",
    "RESCIND_PROCESS_TREE",
    "RESCIND_SERVER_URL",
)
_OF_TESTS: Final = ("RESCIND_TEST_", "RESCIND_CI_")


def load_settings(**overrides: Any) -> Settings:
    """Read the settings from arguments, environment and file, in that order.

    Raises `SettingsError` when a value is not what it must be, or the file cannot be read.
    """
    named = os.environ.get("RESCIND_CONFIG")
    if named and not Path(named).is_file():
        raise SettingsError([("RESCIND_CONFIG", "the path of a file that exists", repr(named))])
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_problem(e) for e in error.errors()]) from None
    except ValueError as error:
        # tomllib's error is a ValueError; it says the line and column.
        raise SettingsError([(str(config_file()), "a TOML file", f"not one: {error}")]) from None
    except OSError as error:
        raise SettingsError([(str(config_file()), "readable", str(error.strerror))]) from None


def unknown_variables() -> list[str]:
    """A sentence for each ``RESCIND_*`` variable that is no setting: set, it changes nothing.

    No error: an older release may find the variables of a newer one.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    sentences: list[str] = []
    for name in sorted(os.environ):
        if not name.startswith(PREFIX) or name.startswith((*_OF_TESTS, "RESCIND_HOOKS__")):
            continue
        if name not in known and name not in _NO_SETTINGS:
            alike = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
            meant = f"; {alike[0]} is one" if alike else ""
            sentences.append(f"{name} is set, and no setting is called so{meant}")
    return sentences


def _problem(error: Any) -> tuple[str, str, str | None]:
    message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    if not error["loc"]:
        # A rule over several settings names the one to change: "name|what is expected".
        field, _, expected = message.partition("|")
        return PREFIX + field.upper(), expected, None
    field = str(error["loc"][0])
    if field == "hooks":
        return hook_problem(error)
    name = PREFIX + field.upper() if field in Settings.model_fields else field
    if error["type"] == "extra_forbidden":
        return name, "the name of a setting", "unknown"
    if field in {"signing_keys", "sasl_password", "tls_key_password", "database_url"}:
        return name, message, None
    return name, message, repr(error["input"])
