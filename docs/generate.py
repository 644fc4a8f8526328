"""Writes what is made from the code and checked in: schemas, AsyncAPI, OpenAPI, reference pages.

`make schema` runs it. It touches only what has changed, and prints that.
"""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path

import rescind
from rescind.cli.describe import PAGE, page
from rescind.cli.describe_deployment import PAGE as DEPLOYMENT
from rescind.cli.describe_deployment import page as deployment
from rescind.cli.describe_hooks import PAGE as HOOKS
from rescind.cli.describe_hooks import page as hooks
from rescind.cli.describe_settings import PAGE as SETTINGS
from rescind.cli.describe_settings import page as settings
from rescind.events.describe.files import files
from rescind.kafka.topics import TopicNames, topic_specs
from rescind.server.api.describe import OPENAPI, openapi

ROOT = Path(__file__).resolve().parent.parent

# What is said of the executors is what their contract tests hold.
sys.path.insert(0, str(ROOT))


def topic_settings() -> Mapping[str, Mapping[str, str]]:
    """Kafka's settings of each topic, by its name without the prefix."""
    return {spec.name: spec.config for spec in topic_specs(TopicNames(prefix=""))}


def main() -> None:
    from tests.contract.executors import page as executors

    wire = files(inspect.getsource, topic_settings(), rescind.__version__)
    made = {
        **wire,
        PAGE: page(),
        OPENAPI: openapi(),
        SETTINGS: settings(),
        DEPLOYMENT: deployment(),
        HOOKS: hooks(),
        executors.PAGE: executors.page(),
    }
    for name, text in made.items():
        path = ROOT / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
