"""Hooks by their names, as the agents would know them with these settings."""

from rescind.cli.session import needs_extra
from rescind.errors import UnknownHookError
from rescind.settings import Settings
from rescind.settings.hooks import Hook

__all__ = ["find_hook", "known_hooks"]


def known_hooks(settings: Settings) -> dict[str, Hook]:
    """Raises `ExtraMissingError`."""
    needs_extra("service", "httpx", "faust")
    from rescind.processors.hooking.targets import all_hooks

    return all_hooks(settings.hooks)


def find_hook(settings: Settings, name: str) -> Hook:
    """Raises `UnknownHookError`, `ExtraMissingError`."""
    hooks = known_hooks(settings)
    if name not in hooks:
        raise UnknownHookError(name, sorted(hooks))
    return hooks[name]
