"""Somebody with a token asks by HTTP."""

from typing import Any

from rescind.access.register import token_record
from rescind.access.tokens import Scope, Token, mint
from rescind.processors.shared.keys import signing_keys
from rescind.server.access.gate import now_ms
from tests.scenarios.harness import Driven, Scene
from tests.scenarios.http.http_api import Api
from tests.waiting import until

__all__ = ["flow_in", "shows", "tell"]


async def shows(scene: Scene, api: Api, *scopes: Scope, **how: Any) -> Token:
    """Somebody with such a token asks from now on."""
    token, shown = mint(scene.named("ada"), scopes, now_ms=now_ms(), **how)
    await tell(scene, api, token)
    api.client.headers["authorization"] = f"Bearer {shown}"
    return token


async def tell(scene: Scene, api: Api, token: Token) -> None:
    """Write a token, and wait until the server knows it as it is."""
    keys = signing_keys(scene.house.settings)
    await scene.sender.send(token_record(token, scene.names, keys))
    register = api.means.register
    assert register is not None
    await until(lambda: token in register.known())


async def flow_in(scene: Scene, api: Api, namespace: str) -> Driven:
    """A running flow run of a namespace, as the server knows it."""
    flow = await scene.begun(f"in-{namespace}", ["t"], namespace=namespace)
    await api.has_read(scene, flow.flow_run_id)
    return flow
