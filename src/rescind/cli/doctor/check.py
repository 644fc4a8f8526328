"""One thing that was looked at: how it is, and what to do if it should be otherwise."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Check", "Verdict"]


class Verdict(StrEnum):
    """How a thing is."""

    OK = "ok"
    WARN = "warn"  #: it works, and somebody should know
    FAIL = "fail"  #: something is not done that was promised


@dataclass(frozen=True, slots=True)
class Check:
    """What was found. ``remedy`` is empty when all is well."""

    name: str
    verdict: Verdict
    says: str
    remedy: str = ""

    def to_dict(self) -> dict[str, str]:
        return {
            "check": self.name,
            "verdict": self.verdict.value,
            "says": self.says,
            "remedy": self.remedy,
        }


def ok(name: str, says: str) -> Check:
    return Check(name, Verdict.OK, says)


def warn(name: str, says: str, remedy: str) -> Check:
    return Check(name, Verdict.WARN, says, remedy)


def fail(name: str, says: str, remedy: str) -> Check:
    return Check(name, Verdict.FAIL, says, remedy)
