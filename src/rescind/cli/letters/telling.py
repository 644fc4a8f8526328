"""A dead letter that was for a hook: told to it once more, by this command itself.

With the settings of this command, so it has to be run where the hook's address and secret are
known. It is told under the same id, with a signature of now.
"""

from pydantic import ValidationError

from rescind.cli.session import Session, needs_extra
from rescind.events.hooks import HookEvent
from rescind.processors.letters.reading import Letter

__all__ = ["tell_again"]


async def tell_again(letter: Letter, name: str, session: Session) -> str:
    """Why it was not taken; empty if it was. Raises `ExtraMissingError`."""
    needs_extra("service", "httpx", "faust")
    from rescind.processors.hooking.targets import all_hooks, target_of

    hook = all_hooks(session.settings.hooks).get(name)
    if hook is None:
        return (
            f"it was for the hook {name!r}, which these settings do not have: "
            f"run this where `rescind agents` runs, or add a table [hooks.{name}]"
        )
    try:
        event = HookEvent.model_validate_json(letter.record.value or b"")
    except ValidationError:
        return f"it was for the hook {name!r}, and is no event of a hook as this release knows them"
    target = target_of(name, hook)
    try:
        answer = await target.tell(event)
    finally:
        await target.close()
    return f"hook {name} has not taken it: {answer.why_not}" if answer.why_not else ""
