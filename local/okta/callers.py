"""Who calls the API, and whether they may: token, proof, scope, and the admin role of their app."""

from urllib.parse import urlsplit

from local.okta.answers import Answer, Refused, api_error
from local.okta.directory import App, Directory
from local.okta.faults import Faults
from local.okta.proofs import BadProof, Proofs, challenge, refuse
from local.okta.routes import Operation
from local.okta.tokens import Grant, Tokens


class Callers:
    def __init__(
        self, directory: Directory, tokens: Tokens, proofs: Proofs, faults: Faults, base_url: str
    ) -> None:
        self._directory, self._tokens = directory, tokens
        self._proofs, self._faults, self.base_url = proofs, faults, base_url

    def app(
        self, operation: Operation, method: str, url: str, headers: dict[str, list[str]]
    ) -> App:
        """The app whose token this is, used by who may use it, for what it is good for."""
        kind, _, token = "".join(headers.get("authorization", [])).partition(" ")
        grant = self._tokens.grant_of(token)
        wanted = "DPoP" if grant is not None and grant.bound_to else "Bearer"
        if grant is None or kind != wanted:
            raise api_error("E0000011")
        resource = urlsplit(url).path
        if grant.bound_to:
            self._check_proof(grant, token, operation, method, url, headers)
        if operation.scope not in grant.scopes:
            error = BadProof(
                "The access token provided does not contain the required scopes.",
                "insufficient_scope",
            )
            told = challenge(error, self.base_url, operation.scope, resource)
            raise api_error("E0000006", **{"WWW-Authenticate": told} | self._nonce(grant))
        return self._directory.apps[grant.client_id]

    def _nonce(self, grant: Grant) -> dict[str, str]:
        return {"DPoP-Nonce": self._proofs.nonce} if grant.bound_to else {}

    def _check_proof(
        self,
        grant: Grant,
        token: str,
        operation: Operation,
        method: str,
        url: str,
        headers: dict[str, list[str]],
    ) -> None:
        sent = headers.get("dpop", [])
        bare = url.partition("?")[0]
        needed = self._faults.api_nonce
        try:
            used = self._proofs.check(sent, method, bare, token=token, nonce_needed=needed)
            if used != grant.bound_to:
                refuse("The DPoP proof JWT is not of the key the token is bound to.")
        except BadProof as error:
            told = challenge(error, self.base_url, operation.scope, urlsplit(url).path)
            status = self._faults.nonce_status if error.error == "use_dpop_nonce" else 400
            answered = {"WWW-Authenticate": told, "DPoP-Nonce": self._proofs.nonce}
            raise Refused(Answer(status=status, headers=answered)) from None


def check_permission(operation: Operation, app: App, ids: dict[str, str]) -> None:
    """Without an admin role that covers the call and its group, every call is refused."""
    groups = app.manages if operation.manages else app.reads
    covered = ids.get("groupId") is None or "*" in groups or ids["groupId"] in groups
    if not app.super_admin and (operation.permission not in app.permissions or not covered):
        raise api_error("E0000006")
