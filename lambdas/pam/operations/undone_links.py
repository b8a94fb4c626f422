"""Under which id the record lies by which a link is undone: whoever has the link can look there.

A link's own proof does not go with it. So whoever put the row of an undone link back would have a
good one, if nothing said that this very link is undone: its record does, in the table of records,
where what is removed or overwritten is told.
"""

from pam.domain import proofs, timestamps
from pam.domain.links import Link
from pam.ids import id_of


def id_of_its_end(link: Link) -> str:
    """The same for all that its proof is made over, and another for each link: one that is made
    anew is none that was undone.
    """
    statement = proofs.of_link(link)
    return id_of(
        f"unlinked {statement.digest().hex()}", timestamps.parse(statement.fields["linked_at"])
    )
