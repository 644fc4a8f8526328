"""What can be set, in one object: by ``RESCIND_*`` variables, else by ``rescind.toml``.

The file is ``rescind.toml`` in the working directory, or the one that ``RESCIND_CONFIG`` names;
a variable goes before the file, and one that is empty is not set. Use `load_settings`: it raises
`SettingsError` with the name of what is wrong, where the class alone raises pydantic's error.
Secrets are ``SecretStr``, so that no log and no traceback has them. Nothing is read again later: a
setting changes with a restart.
"""

from rescind.settings.loading import load_settings, unknown_variables
from rescind.settings.model import Settings, default_data_dir

__all__ = ["Settings", "default_data_dir", "load_settings", "unknown_variables"]
