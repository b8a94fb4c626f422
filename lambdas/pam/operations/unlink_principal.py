"""A link is undone: by its person with another proof than the one removed, or by an operator."""

from pam.domain import audit_record, new_records
from pam.domain.audit_record import RecordType
from pam.domain.errors import Conflict, NotEligible, NotFound
from pam.domain.links import Link
from pam.ids import new_id
from pam.operations.call import Call
from pam.operations.retrying import until_won
from pam.operations.undone_links import id_of_its_end
from pam.ports.links import Links


def unlink_principal(principal: str, call: Call, *, known: Links) -> Link:
    """The link that was. Raises a Refusal.

    Not asked of the blocklist: a principal that is taken away gives nobody anything.
    """

    def attempt() -> Link:
        link = known.of_principal(principal)
        _check(principal, link, call)
        if link is None:
            message = f"{principal} is linked to nobody"
            raise NotFound(message)
        known.remove(link, _record(link, call, known))
        return link

    return until_won(attempt, lost="the link is being changed by too many at once; try again")


def _check(principal: str, link: Link | None, call: Call) -> None:
    person = call.person()
    operator = call.policy.may_administer(person).allowed
    if not operator and (link is None or link.person != person.name):
        message = f"{principal} is no principal that you have linked"
        raise NotFound(message, recorded="a principal that the caller has not linked")
    if call.caller.principal == principal:
        message = "a principal is not unlinked by itself; sign the call with another of yours"
        raise NotEligible(message)
    if link is None and call.policy.identities.listed_as(principal) is not None:
        message = f"{principal} is listed; whoever keeps the identities file can take it out"
        raise Conflict(message)


def _record(link: Link, call: Call, known: Links) -> audit_record.Record:
    """By its id nobody believes this link any more, who puts it back."""
    event_id = id_of_its_end(link)
    if known.is_undone(event_id):
        event_id = new_id(call.now)  # it was put back, and is taken away once more
    entry = call.entry(RecordType.UNLINKED, detail=f"{link.principal} is no longer {link.person}'s")
    return new_records.about_person(
        entry=entry, requester=link.principal, resource="", now=call.now, new_id=lambda _: event_id
    )
