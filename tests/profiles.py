"""How hard Hypothesis looks: `ci` by default, ``--hypothesis-profile=deep`` for a night.

A failure prints the blob that repeats it. Nothing has a deadline: the machines are shared.
"""

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

__all__ = ["load_profiles"]


def load_profiles() -> None:
    """Make the profiles known, and take the one for every day."""
    common = settings(
        deadline=None,
        print_blob=True,
        database=DirectoryBasedExampleDatabase(".cache/hypothesis"),
        # How fast examples are made says more of the machine than of the test.
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile("ci", common, max_examples=60)
    settings.register_profile("deep", common, max_examples=5_000)
    settings.load_profile("ci")
