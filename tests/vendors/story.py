"""PAM whole, with a directory to lend at, behind the functions that have its power."""

from dataclasses import dataclass, field
from typing import Any

from pam.aws.vendor_functions import VendorFunctions
from pam.domain.kinds import IDENTITY_CENTER, OKTA_GROUP, kind_of
from pam.domain.proofs import Maker
from pam.domain.session import Session
from pam.kinds.one_per_person import OnePerPerson
from pam.names import VendorPower, vendor_function_name
from pam.operations.end_decided import EndsHere
from pam.operations.search_standing import Found, search_standing
from tests.fakes.story import COMPILED, HOME, Story
from tests.fakes.targets import FakeCheckouts
from tests.vendors.directory import Directory
from tests.vendors.functions import Functions

RESOURCES = {IDENTITY_CENTER: "core-payments-admin", OKTA_GROUP: "core-support-admins"}
TARGETS = {
    kind: each.target(account=HOME.account, region=HOME.region)
    for kind, resource in RESOURCES.items()
    for each in COMPILED.resources
    if each.resource_id == resource
}


@dataclass
class VendorStory(Story):
    kind: str = IDENTITY_CENTER
    directory: Directory = field(default_factory=Directory)
    functions: Functions = field(default_factory=Functions)
    there: bool = True
    told: list[str] = field(default_factory=list)
    """What searches told at once, by the names of their lists."""

    def __post_init__(self) -> None:
        self.checkouts = FakeCheckouts(lambda session_id: self.stored(session_id).closed)

    def lent_by(self, *, activator: bool) -> OnePerPerson:
        """The issuer as one of the two functions has it."""
        asks = VendorFunctions(
            self.functions,
            kind=kind_of(self.kind),
            env_name="test",
            there=self.there,
            signer=self.keys.of(Maker.ACTIVATION) if activator else None,
        )
        return OnePerPerson(asks, self.checkouts)

    @property
    def issuers(self) -> Any:
        """The activator's."""
        return {**super().issuers, self.kind: self.lent_by(activator=True)}

    @property
    def of_revocation(self) -> Any:
        return {**super().issuers, self.kind: self.lent_by(activator=False)}

    @property
    def closer(self) -> EndsHere:
        return EndsHere(
            clock=lambda: self.now,
            store=self.store,
            issuers=self.of_revocation,
            workflow=self.workflow,
        )

    def stored(self, session_id: str) -> Session:
        return self.store.sessions[session_id]

    @property
    def resource(self) -> str:
        return RESOURCES[self.kind]

    @property
    def target(self) -> Any:
        return TARGETS[self.kind]

    def asked_for(self, who: str = "alice", **wish: Any) -> Session:
        session = self.request(who, RESOURCES[self.kind], **wish)
        for voter in ("bob", "carol"):
            if self.stored(session.session_id).approved_at is None:
                self.vote(voter, session.session_id)
        return self.stored(session.session_id)

    def active(self, who: str = "alice", **wish: Any) -> Session:
        return self.activate(self.asked_for(who, **wish).session_id)

    def has_access(self, who: str = "alice") -> bool:
        return (self.target.label, who) in self.directory.access

    def search(self) -> Found:
        return search_standing(
            {RESOURCES[self.kind]: self.target},
            now=self.now,
            store=self.store,
            issuers={self.kind: self.lent_by(activator=False)},
            tell=self.told.append,
        )

    def issue(self, **event: Any) -> Any:
        """What the function that makes access answers to whoever may invoke it."""
        return self._run(VendorPower.ISSUE, event)

    def take(self, **event: Any) -> Any:
        """The same of the one that takes it."""
        return self._run(VendorPower.REVOKE, event)

    def _run(self, power: VendorPower, event: dict[str, Any]) -> Any:
        return self.functions.run(vendor_function_name("test", self.kind, power), event)
