"""The root of every error, and the one of settings."""

from collections.abc import Sequence

__all__ = ["RescindError", "SettingsError"]


class RescindError(Exception):
    """The root: catch it to catch everything that Rescind raises on purpose."""


class SettingsError(RescindError):
    """Settings are missing or wrong.

    ``problems`` has one ``(name, expected, got)`` for each, the name as in the environment;
    what was got is left out (``None``) where it could be a secret.
    """

    def __init__(self, problems: Sequence[tuple[str, str, str | None]]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [
            f"expected {name} to be {expected}" + (f", but it is {got}" if got is not None else "")
            for name, expected, got in self.problems
        ]
        return "; ".join(lines) + " (set it in the environment or in rescind.toml)"
