"""Which of the links that lie in the table people made, and have not undone: those that the request
API signed, and of which no record says that they were undone.
"""

from pam.domain import proofs
from pam.domain.links import Link
from pam.domain.proofs import Signed
from pam.operations.undone_links import id_of_its_end
from pam.ports.links import Links
from pam.ports.proofs import Verifier


class ProvenLinks:
    """Implements `ports.links.KnownLinks`, for one call: what it has found it finds again.

    A link that somebody wrote into the table, changed there or moved to another principal is none;
    nor is one that was undone and put back as it was.
    """

    def __init__(self, links: Links, verifier: Verifier) -> None:
        self._links = links
        self._verifier = verifier
        self._found: dict[str, Link | None] = {}

    def of_principal(self, principal: str) -> Link | None:
        if principal not in self._found:
            link = self._links.of_principal(principal)
            # The MAC is of what the item says; under which key it lies is looked at here.
            moved = link is not None and link.principal != principal
            proven = [] if link is None or moved else self._proven([link])
            self._found[principal] = next(iter(proven), None)
        return self._found[principal]

    def of_person(self, person: str) -> list[Link]:
        return self._proven([x for x in self._links.of_person(person) if x.person == person])

    def _proven(self, links: list[Link]) -> list[Link]:
        said = [Signed(statement=proofs.of_link(link), mac=link.proof) for link in links]
        holds = self._verifier.verify(said)
        proven = [link for link, held in zip(links, holds, strict=True) if held]
        return [link for link in proven if not self._links.is_undone(id_of_its_end(link))]
