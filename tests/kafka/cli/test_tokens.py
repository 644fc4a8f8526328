"""`rescind tokens create`, `ls`, `revoke` on a real Kafka."""

import time

import pytest

from rescind.access.register import Register, read_register
from rescind.errors import TokenRefusedError
from rescind.processors.shared.keys import signing_keys
from rescind.settings import load_settings
from tests.conftest import Cluster
from tests.kafka.cli.command import Command
from tests.kafka.processors.service import KEY

DAY_MS = 86_400_000


async def register(cluster: Cluster) -> Register:
    """What a server knows."""
    keys = signing_keys(load_settings(signing_keys=KEY))
    return await read_register(cluster.connection, cluster.names, keys)


def now_ms() -> int:
    return round(time.time() * 1000)


async def test_what_is_printed_once_is_good_until_it_is_revoked(
    rescind: Command, cluster: Cluster
) -> None:
    made = await rescind("tokens", "create", "ada", "--scope", "read", "--scope", "cancel")
    text = made.out.strip()
    known = (await register(cluster)).by_secret(text, now_ms())

    assert made.code == 0
    assert len(text.splitlines()) == 1
    assert "nobody can look it up again" in made.err
    assert text not in made.err
    assert (known.name, known.kind, known.namespaces) == ("ada", "user", None)
    assert known.expires_at is not None
    assert abs(known.expires_at - now_ms() - 90 * DAY_MS) < DAY_MS

    listed = await rescind("tokens", "ls")
    assert known.token_id in listed.out
    assert "read, cancel" in " ".join(listed.out.split()) or "cancel, read" in listed.out
    assert text.rsplit("_", 1)[1] not in listed.out

    gone = await rescind("tokens", "revoke", "ada")
    again = await rescind("tokens", "revoke", known.token_id, "--json")
    with pytest.raises(TokenRefusedError, match="revoked"):
        (await register(cluster)).by_secret(text, now_ms())
    assert (gone.code, again.code) == (0, 0)
    assert again.json == [{"token_id": known.token_id, "name": "ada", "revoked_now": False}]
    assert (await rescind("tokens", "ls", "--json")).json == []
    (kept,) = (await rescind("tokens", "ls", "--all", "--json")).json
    assert kept["revoked_at"]
    assert "digest" not in kept


async def test_a_program_gets_one_for_its_namespaces_without_an_end(
    rescind: Command, cluster: Cluster
) -> None:
    how = ["--scope", "cancel", "--namespace", "etl", "--namespace", "web", "--kind", "service"]
    made = await rescind("tokens", "create", "ci", *how, "--days", "0", "--json")

    known = (await register(cluster)).by_secret(made.json["token"], now_ms() + 10_000 * DAY_MS)
    assert (known.kind, known.namespaces, known.expires_at) == ("service", ("etl", "web"), None)
    assert made.json["token_id"] == known.token_id


async def test_nothing_is_made_of_what_is_no_name_and_nobody_is_revoked_who_is_not_there(
    rescind: Command, cluster: Cluster
) -> None:
    nameless = await rescind("tokens", "create", "", "--scope", "read")
    useless = await rescind("tokens", "create", "ada")
    unknown = await rescind("tokens", "revoke", "nobody")

    assert [nameless.code, useless.code, unknown.code] == [2, 2, 5]
    assert "name" in nameless.err
    assert "--scope" in useless.err
    assert "rescind tokens ls" in unknown.complaint
    assert (await register(cluster)).known() == []


async def test_tokens_are_signed_anew_so_that_the_older_key_can_be_taken_away(
    rescind: Command, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (await rescind("tokens", "create", "ada", "--scope", "read")).out.strip()
    newer = "the key that comes after it"
    monkeypatch.setenv("RESCIND_SIGNING_KEYS", f"{newer},{KEY}")

    said = await rescind("tokens", "renew")

    keys = signing_keys(load_settings(bootstrap="127.0.0.1:1", signing_keys=newer))
    alone = await read_register(cluster.connection, cluster.names, keys)
    assert (said.code, said.out) == (0, "1 tokens are signed anew.\n")
    assert alone.by_secret(text, now_ms()).name == "ada"


@pytest.mark.parametrize("days", ["nan", "inf", "4000000", "-1", "1e3"])
async def test_days_are_a_number_of_days(rescind: Command, days: str) -> None:
    said = await rescind("tokens", "create", "ada", "--scope", "read", "--days", days)

    assert said.code == 2
    assert "--days" in said.err
