"""The service's signing keys: the same for every process, and told to nobody."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rescind.errors import SettingsError
from rescind.events.signature import sign, verify
from rescind.processors.shared.keys import signing_keys
from rescind.settings import Settings, load_settings


def embedded(folder: Path) -> Settings:
    return load_settings(bootstrap=None, data_dir=folder)


def test_keys_of_the_settings_keep_their_order_and_have_ids_that_do_not_tell_them() -> None:
    first, second = "the first key of all", "the key before that"
    keys = signing_keys(load_settings(bootstrap="127.0.0.1:1", signing_keys=f"{first},{second}"))
    assert list(keys.values()) == [first.encode(), second.encode()]
    assert not any(first in key_id or second in key_id for key_id in keys)
    turned = signing_keys(load_settings(bootstrap="127.0.0.1:1", signing_keys=f"{second},{first}"))
    key_id, key = next(iter(keys.items()))
    assert verify(b"x", sign(b"x", key_id, key), turned)


def test_a_cluster_without_a_key_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="RESCIND_SIGNING_KEYS"):
        signing_keys(load_settings(bootstrap="127.0.0.1:1"))


def test_the_embedded_default_makes_its_own_once_for_all_processes(tmp_path: Path) -> None:
    settings = embedded(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(signing_keys, [settings] * 32))
    assert all(keys == found[0] for keys in found)
    assert len(next(iter(found[0].values()))) >= 32


def test_nobody_else_may_read_the_key_that_was_made(tmp_path: Path) -> None:
    signing_keys(embedded(tmp_path))
    files = list(tmp_path.iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600]
