"""Which hooks there are, and who is told by each of them."""

from collections.abc import Mapping

from rescind.processors.hooking.calling import PythonHook, offered
from rescind.processors.hooking.tries import Target
from rescind.settings.hooks import Hook

__all__ = ["all_hooks", "target_of"]


def all_hooks(named: Mapping[str, Hook]) -> dict[str, Hook]:
    """Those of the settings, and the entry points of which the settings say nothing."""
    return {**dict.fromkeys(sorted(offered()), Hook()), **named}


def target_of(name: str, hook: Hook, keys: tuple[bytes, ...] | None = None) -> Target:
    """Who is told. ``keys`` sign a webhook instead of the hook's secrets."""
    if hook.url is None:
        return PythonHook(name, hook.timeout_seconds, offered().get(name))
    # Late: httpx takes a while to import, and few have a webhook.
    from rescind.processors.hooking.webhook import Webhook

    return Webhook(hook, keys)
