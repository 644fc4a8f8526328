"""The page of the rules names tests that exist, and each row of it names one."""

import re
from typing import Final

from tests.package.checkout import ROOT

PAGE: Final = (ROOT / "docs" / "reference" / "rules.md").read_text(encoding="utf-8")
NAMED: Final = re.compile(r"`(test_\w+)::(test_\w+)`")


def test_each_rule_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    rules = [row for row in rows if not row.endswith("held by |")]
    assert len(rules) > 40
    assert [row for row in rules if not NAMED.search(row.rsplit("|", maxsplit=2)[1])] == []


def test_each_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE)
    assert [f"{module}::{name}" for module, name in named if name not in found_in(module)] == []


def found_in(module: str) -> set[str]:
    """The tests of the modules of that name."""
    paths = sorted((ROOT / "tests").rglob(f"{module}.py"))
    source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", source, re.MULTILINE))
