"""Which versions are at work, and that the parts that are pinned are the ones that were tested."""

import platform
from importlib.metadata import PackageNotFoundError, version

import rescind
from rescind.cli.doctor.check import Check, ok, warn

__all__ = ["check_versions"]

_PACKAGES = ("aiokafka", "pydantic", "faust-streaming", "transitions")


def check_versions(release: str) -> list[Check]:
    found = {name: _version(name) for name in _PACKAGES}
    said = ", ".join(f"{name} {number or 'not installed'}" for name, number in found.items())
    checks = [
        ok(
            "versions",
            f"rescind {rescind.__version__}, Python {platform.python_version()}, "
            f"Kafka {release}, {said}",
        )
    ]
    if found["faust-streaming"] is None or found["transitions"] is None:
        says = "this installation can ask and look, but run no service"
        checks.append(warn("versions", says, "run `pip install 'rescind[service]'` to run one"))
    return checks


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
