"""The cluster of ``KUBECONFIG``: its node is this host, its pods run what is installed here.

What runs in a pod is mounted from here, so any image will do whose folders it hides: a busybox.
"""

import os
from pathlib import Path
from typing import Any, Final

import pytest

from rescind.runners.infrastructure.deployment import KubernetesDeployment
from tests import engine

__all__ = ["IMAGE", "MOUNTS", "deployment", "required_cluster"]

IMAGE: Final = os.environ.get("RESCIND_TEST_KUBERNETES_IMAGE", "local/busybox:1")
_LINKS: Final = [path for path in ("/bin", "/lib", "/lib64") if Path(path).exists()]
MOUNTS: Final = [*engine.MOUNTS, *(f"{path}:{path}:ro" for path in _LINKS)]


def required_cluster() -> None:
    """Skip the test where no cluster is named. One that is, and does not answer, fails it."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no cluster: KUBECONFIG is not set")


def deployment(*command: str, **more: Any) -> KubernetesDeployment:
    """Pods in which this host's programs run."""
    return KubernetesDeployment(
        **{"image": IMAGE, "image_pull_policy": "Never", "mounts": MOUNTS, **more},
        command=list(command),
    )
