"""A person takes a principal of another surface for theirs, by the code that it was shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pam.domain import audit_record, links, new_records, proofs
from pam.domain.audit_record import RecordType
from pam.domain.block import EVERYTHING
from pam.domain.errors import Conflict, Invalid, IssuerUnavailable, StaleSession, Throttled
from pam.domain.links import Link, ShownCode
from pam.domain.people import Person
from pam.domain.people_notices import principal_linked
from pam.domain.principals import Scheme, scheme_of
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.retrying import until_won
from pam.ports.links import Links, ShownCodes
from pam.ports.people import Notifier
from pam.ports.proofs import Signer
from pam.side_by_side import outcomes

_NO_SUCH_CODE = (
    "is not one that is shown now: a code holds for ten minutes, once, and a newer one voids it; "
    "have a new one shown"
)
_TOO_MANY = "too many links are being made at once; try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPaper:
    """What a person hands in. `accept` empty: they want to see what they would take."""

    surface: Scheme
    code: str
    accept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linking:
    """`link` None: nothing is changed, and this is what would be linked."""

    shown: ShownCode
    link: Link | None


def link_principal(
    paper: LinkPaper,
    call: Call,
    *,
    known: Links,
    codes: ShownCodes,
    signer: Signer,
    tell: Sequence[Notifier],
) -> Linking:
    """Links what they accept, and tells `tell` of it. Raises a Refusal; IssuerUnavailable says that
    the link stands and not everybody could be told: the same call, made again, tells it.
    """
    person = call.person()
    call.refuse_blocked(person.name, EVERYTHING)
    shown = _shown(paper, person, call, known, codes)
    if not paper.accept:
        _check_free(shown.principal, person, call, known)
        return Linking(shown=shown, link=None)
    made = known.of_principal(shown.principal) if known.is_used(shown) else None
    if made is not None:
        _tell(made, shown, tell)
        return Linking(shown=shown, link=made)
    if paper.accept != shown.principal:
        raise Invalid.field("accept", f"must be what the code was shown to, {shown.principal}")

    def attempt() -> Link:
        _check_free(shown.principal, person, call, known)
        link = Link(
            principal=shown.principal,
            person=person.name,
            accepted_by=call.caller.principal,
            linked_at=call.now,
            basis=shown.basis,
        )
        link = replace(link, proof=signer.sign(proofs.of_link(link)))
        known.add(link, shown, _record(link, call))
        return link

    try:
        link = until_won(attempt, lost=_TOO_MANY, in_vain=lambda: known.is_used(shown))
    except StaleSession:
        raise Invalid.field("code", _NO_SUCH_CODE) from None
    _tell(link, shown, tell)
    return Linking(shown=shown, link=link)


def _tell(link: Link, shown: ShownCode, tell: Sequence[Notifier]) -> None:
    """By the time that it votes, whoever did not mean it has had ten minutes to undo it."""
    picture = principal_linked(link, shown.display, shown.team)
    # Each, whoever else cannot be told.
    _, faults = outcomes(lambda notifier: notifier.show(picture), tell)
    for fault in faults:
        message = (
            f"{link.principal} is linked, but its person and the operators could not both be told; "
            f"`pam unlink {link.principal}` undoes it"
        )
        raise IssuerUnavailable(message) from fault


def _shown(
    paper: LinkPaper, person: Person, call: Call, known: Links, codes: ShownCodes
) -> ShownCode:
    """Wrong ones are counted before anything is said of them."""
    if known.wrong_codes(person.name, call.now - links.COUNTED_FOR) >= links.MOST_WRONG_CODES:
        message = f"{links.MOST_WRONG_CODES} wrong codes within an hour; try again later"
        raise Throttled(message)
    shown = codes.shown(links.digest_of(paper.code))
    if (
        shown is None
        or call.now >= shown.until
        or scheme_of(shown.principal) is not paper.surface
        or (known.is_used(shown) and not _is_repeated(paper, shown, person, known))
    ):
        known.note_wrong_code(person.name, new_id(call.now))
        raise Invalid.field("code", _NO_SUCH_CODE)
    return shown


def _is_repeated(paper: LinkPaper, shown: ShownCode, person: Person, known: Links) -> bool:
    """Whether this very call has been made before, and linked: its answer may have been lost."""
    link = known.of_principal(shown.principal)
    mine = link is not None and link.person == person.name
    return mine and paper.accept == shown.principal


def _check_free(principal: str, person: Person, call: Call, known: Links) -> None:
    """A principal that is somebody's is never moved. Its own person may link it again."""
    listed = call.policy.identities.listed_as(principal)
    if listed is not None:
        message = f"{principal} is listed as a person's already; a listed principal needs no link"
        raise Conflict(message)
    link = known.of_principal(principal)
    if link is not None and link.person != person.name:
        message = f"{principal} is another person's; they, or an operator, can unlink it"
        raise Conflict(message)
    place = links.place_of(principal)
    for other in known.of_person(person.name):
        if other.principal != principal and links.place_of(other.principal) == place:
            message = f"{person.name} is linked to {other.principal}; unlink that first"
            raise Conflict(message)


def _record(link: Link, call: Call) -> audit_record.Record:
    detail = f"{link.principal} is {link.person}'s, accepted by {link.accepted_by}"
    return new_records.about_person(
        entry=call.entry(RecordType.LINKED, detail=detail),
        requester=link.principal,
        resource="",
        now=call.now,
        new_id=new_id,
    )
