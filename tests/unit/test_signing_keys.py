"""Keys: set, or made once in the embedded default, and never for a cluster."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rescind.errors import SettingsError
from rescind.settings import load_settings
from rescind.signing_keys import signing_keys


def test_a_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = load_settings(bootstrap=None, data_dir=tmp_path / "data", signing_keys=())
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(signing_keys, [settings] * 8))
    assert len(keys) == 1
    (file,) = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_set_keys_are_used_in_their_order(tmp_path: Path) -> None:
    keys = ("the-newest-of-the-keys", "the-one-before-that")
    settings = load_settings(data_dir=tmp_path, signing_keys=keys)
    assert signing_keys(settings) == tuple(key.encode() for key in keys)
    assert list(tmp_path.iterdir()) == []


def test_no_key_is_made_for_a_cluster(tmp_path: Path) -> None:
    settings = load_settings(bootstrap="kafka:9092", data_dir=tmp_path, signing_keys=())
    assert signing_keys(settings) == ()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = load_settings(bootstrap=None, data_dir=tmp_path / "file" / "data", signing_keys=())
    with pytest.raises(SettingsError, match="RESCIND_DATA_DIR"):
        signing_keys(settings)
