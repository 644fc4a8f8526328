"""Failures in the helpers show both sides."""

import pytest

pytest.register_assert_rewrite("tests.scenario", "tests.golden")
