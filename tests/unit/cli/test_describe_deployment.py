"""The page about the deployment file is made from what reads it."""

from pathlib import Path

from rescind.cli.describe_deployment import PAGE, page
from rescind.runners.infrastructure.deployment import Deployment
from rescind.runners.infrastructure.kinds import KINDS

ROOT = Path(__file__).parents[3]


def test_the_page_in_the_repository_is_the_one_that_the_models_make() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


def test_each_kind_has_a_table_of_its_name() -> None:
    assert set(Deployment.model_fields) == set(KINDS)
    assert all(f"\n## `[{kind}]`\n" in page() for kind in KINDS)


def test_what_is_needed_is_said_and_so_is_what_is_taken_without_it() -> None:
    rows = page().splitlines()

    image, *_ = [row for row in rows if row.startswith("| `image` |")]
    (region,) = [row for row in rows if row.startswith("| `region` |")]
    (subnets,) = [row for row in rows if row.startswith("| `subnets` |")]
    assert image.split(" | ")[1:3] == ["a text", "*needed*"]
    assert region.split(" | ")[1:3] == ["a text", ""]
    assert subnets.split(" | ")[1:3] == ["a list of texts", "*needed*"]
