"""Verbs of the control API about this Okta itself: its apps, its knobs, what it was asked."""

from typing import Any

from local.okta.acts import Impossible
from local.okta.directory import App
from local.okta.service import Okta

Json = dict[str, Any]
_OF_AN_APP = ("scopes", "permissions", "reads", "manages", "super_admin", "dpop", "active")


class Switches:
    def __init__(self, okta: Okta) -> None:
        self._okta = okta

    def knobs(self, **changes: Any) -> Json:
        """Turns knobs; answers all of them. See `faults.py`."""
        self._okta.faults.turn(changes)
        return self._okta.faults.as_json()

    def register_key(self, client_id: str, jwk: Json) -> Json:
        """One more public key of an app."""
        self._app(client_id)
        self._okta.register_key(client_id, jwk)
        return {}

    def keys(self, client_id: str) -> Json:
        return {"keys": self._app(client_id).keys}

    def remove_keys(self, client_id: str) -> Json:
        self._app(client_id).keys.clear()
        return {}

    def set_app(self, client_id: str, **changes: Any) -> Json:
        """What an administrator grants or takes: see `directory.App`."""
        app = self._app(client_id)
        if not changes.keys() <= set(_OF_AN_APP):
            message = f"of {', '.join(_OF_AN_APP)}, not {', '.join(sorted(changes))}"
            raise Impossible(message)
        for name, value in changes.items():
            setattr(app, name, value)
        return {name: getattr(app, name) for name in _OF_AN_APP}

    def revoke_tokens(self) -> Json:
        """Every access token is no good from here on."""
        tokens = self._okta.tokens.grants
        revoked = len(tokens)
        tokens.clear()
        return {"revoked": revoked}

    def turn_nonce(self) -> Json:
        self._okta.proofs.turn_nonce()
        return {}

    def counts(self) -> Json:
        """By operation; and by operation and status, what was refused."""
        return {"calls": dict(self._okta.calls), "refused": dict(self._okta.refused)}

    def calls(self, after: int = 0) -> Json:
        """What was asked and answered, from the so many-th on."""
        found = self._okta.recorder.calls[after:]
        return {"calls": [it.as_json() for it in found], "next": after + len(found)}

    def events(self, after: int = 0) -> Json:
        """The System Log, whatever its lag, from the so many-th entry on."""
        found = self._okta.log.events[after:]
        return {"events": [it.content for it in found], "next": after + len(found)}

    def forget(self) -> Json:
        """Back to how everything began; the apps keep their keys, and need new tokens."""
        keys = {app.client_id: list(app.keys) for app in self._okta.directory.apps.values()}
        self._okta.forget()
        for client_id, kept in keys.items():
            self._okta.directory.apps[client_id].keys.extend(kept)
        return {}

    def _app(self, client_id: str) -> App:
        found = self._okta.directory.apps.get(client_id)
        if found is None:
            message = f"no app is {client_id}"
            raise Impossible(message)
        return found
