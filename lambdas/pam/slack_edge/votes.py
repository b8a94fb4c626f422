"""A click is a vote or nothing: one conditional write, before Slack is answered."""

from pam.domain.approval import Ballot, Vote
from pam.domain.errors import Conflict, StepUp
from pam.edge.bodies import ApproveBody
from pam.edge.reading import read_body
from pam.operations import vote
from pam.operations.transition import load
from pam.slack.deliveries import Incoming
from pam.slack_edge.front import Answer, Asker, Handling
from pam.slack_edge.telling import told


def cast(
    incoming: Incoming,
    handling: Handling,
    asker: Asker,
    session_id: str,
    ballot: Ballot,
    *,
    comment: str = "",
    seconds: int | None = None,
) -> Answer:
    """Raises a Refusal; OutOfTime, and then there is no vote.

    Whoever presses again, because they were not told that it was done, is told that it stands.
    """
    body = read_body(
        ApproveBody,
        {
            "session_id": session_id,
            "decision": ballot.value,
            "comment": comment,
            **({} if seconds is None else {"duration_seconds": seconds}),
        },
    )
    paper = vote.BallotPaper(
        session_id=body.session_id,
        decision=body.decision,
        comment=body.comment,
        duration=body.duration,
    )
    try:
        vote.vote(paper, asker.call, workflow=handling.front.workflow, signer=handling.signer)
    except (Conflict, StepUp):
        # Of the approvals by Slack that may count, this may be the one.
        if not _stands(paper, asker):
            raise
        sentence = f"Your vote stands: you said {ballot.value} already."
        return told(incoming, handling, sentence)
    return Answer()


def _stands(paper: vote.BallotPaper, asker: Asker) -> bool:
    session = load(asker.call.store, paper.session_id)
    return any(_is_it(each, asker.person.name, paper) for each in session.votes)


def _is_it(cast_before: Vote, name: str, paper: vote.BallotPaper) -> bool:
    return cast_before.name == name and cast_before.decision is paper.decision
