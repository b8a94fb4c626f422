"""Okta's own SDK as a caller, with a private-key JWT and DPoP: what it signs, and how it takes
nonces and limits, was not written here.

Run by the tests in `.pam/opinions`. On standard input `{url, client_id, scopes, key, kid, group,
user}` (`key`: an RSA key as PEM), on standard output what it got: the group's members after the
user was put in, and after they were taken out.
"""

import asyncio
import json
import sys
from typing import Any

from okta.api.group_api import GroupApi
from okta.cache.no_op_cache import NoOpCache
from okta.config.config_setter import ConfigSetter
from okta.request_executor import RequestExecutor


def _api(asked: dict[str, Any]) -> GroupApi:
    """As the SDK's client makes it, which would load all of the SDK's five hundred modules."""
    setter = ConfigSetter()
    setter._apply_config(  # noqa: SLF001 - as the client does
        {
            "client": {
                "orgUrl": asked["url"],
                "authorizationMode": "PrivateKey",
                "clientId": asked["client_id"],
                "scopes": asked["scopes"],
                "privateKey": asked["key"],
                "kid": asked["kid"],
                "dpopEnabled": True,
            }
        }
    )
    config = setter._prune_config(setter.get_config())  # noqa: SLF001
    api = GroupApi(configuration=config)
    api._request_executor = RequestExecutor(config, NoOpCache())  # noqa: SLF001
    return api


async def _calls(asked: dict[str, Any]) -> list[Any]:
    api, group, user = _api(asked), asked["group"], asked["user"]
    members = []
    for act in (api.assign_user_to_group, api.unassign_user_from_group):
        *_, error = await act(group, user)
        listed, _, failed = await api.list_group_users(group, limit=200)
        members.append(
            [it.id for it in listed] if not error and not failed else str(error or failed)
        )
    return members


if __name__ == "__main__":
    json.dump(asyncio.run(_calls(json.load(sys.stdin))), sys.stdout)
