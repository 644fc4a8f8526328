"""Who asks has shown no token that is good."""

from typing import Literal

from rescind.errors.root import RescindError

__all__ = ["TokenRefusedError"]


class TokenRefusedError(RescindError):
    """What was shown is no token that is good: ``unknown``, ``expired`` or ``revoked``."""

    def __init__(self, why: Literal["unknown", "expired", "revoked"]) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        is_so = "is not known here" if self.why == "unknown" else f"has {_PAST[self.why]}"
        return f"expected a token that is good, but this one {is_so}; {_REMEDY}"


_PAST = {"expired": "expired", "revoked": "been revoked"}
_REMEDY = "`rescind tokens create` makes one"
