"""`rescind hooks test`: one event that says it is a test, and of a webhook one that is forged."""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Final, Literal

from rescind.cli.exits import Exit
from rescind.cli.hooks.finding import find_hook
from rescind.cli.printing.output import Output
from rescind.cli.session import read_settings
from rescind.events.hooks import HookEvent, HookKind
from rescind.settings.hooks import Hook

__all__ = ["try_hook"]

Verdict = Literal["verified", "not_verified", "not_known"]

_REFUSED: Final = {400, 401, 403}
"""What a receiver answers to a signature that is wrong."""


@dataclass(frozen=True, slots=True)
class _Tried:
    why_not: str
    status: int | None
    seconds: float


async def try_hook(name: str, *, as_json: bool) -> Exit:
    """Raises `UnknownHookError`, `SettingsError`."""
    output = Output(as_json=as_json)
    settings = read_settings()
    hook = find_hook(settings, name)
    event = _test_event()
    tried = await _tell(name, hook, event)
    verdict: Verdict = "not_known"
    forged: _Tried | None = None
    if hook.url is not None and not tried.why_not:
        # By a key that nobody has: whoever takes this takes anybody's. Under another id, or one
        # that dedupes before it verifies would take it.
        forged = await _tell(name, hook, _test_event(), keys=(secrets.token_bytes(32),))
        verdict = _verdict(forged)
    if as_json:
        output.document(_document(name, hook, event, tried, verdict))
    else:
        _say(name, hook, tried, verdict, forged, output)
    return Exit.REFUSED if tried.why_not else Exit.OK


def _test_event() -> HookEvent:
    return HookEvent(
        id=f"test-{secrets.token_hex(8)}", type=HookKind.TEST, at=round(time.time() * 1000)
    )


def _verdict(forged: _Tried) -> Verdict:
    if not forged.why_not:
        return "not_verified"
    # Anything else may fail for another reason, as one that is only just away.
    return "verified" if forged.status in _REFUSED else "not_known"


async def _tell(
    name: str, hook: Hook, event: HookEvent, keys: tuple[bytes, ...] | None = None
) -> _Tried:
    from rescind.processors.hooking.targets import target_of

    target = target_of(name, hook, keys)
    begun = time.monotonic()
    try:
        answer = await target.tell(event)
    finally:
        await target.close()
    return _Tried(answer.why_not, answer.status, time.monotonic() - begun)


def _document(
    name: str, hook: Hook, event: HookEvent, tried: _Tried, verdict: Verdict
) -> dict[str, Any]:
    return {
        "name": name,
        "place": hook.place,
        "event_id": event.id,
        "taken": not tried.why_not,
        "why_not": tried.why_not,
        "status": tried.status,
        "seconds": round(tried.seconds, 3),
        "signature": verdict if hook.url is not None else None,
    }


def _say(
    name: str, hook: Hook, tried: _Tried, verdict: Verdict, forged: _Tried | None, output: Output
) -> None:
    if tried.why_not:
        output.complain(f"hook {name} at {hook.place} has not taken a test: {tried.why_not}")
        return
    status = f" with {tried.status}" if tried.status is not None else ""
    took = f"{tried.seconds * 1000:.0f} ms"
    output.show(f"{name} at {hook.place} has taken a test{status} after {took}.")
    if verdict == "verified":
        output.show("It verifies signatures: the same with a wrong one was not taken.")
    elif verdict == "not_verified":
        output.complain(
            f"hook {name} takes what is signed by nobody: expected it to verify the signature, "
            "but it has taken the same with a wrong one"
        )
    elif forged is not None:
        output.complain(
            f"hook {name} may or may not verify signatures: expected 400, 401 or 403 to the same "
            f"with a wrong one, got: {forged.why_not}"
        )
