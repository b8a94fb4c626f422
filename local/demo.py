"""The main job, end to end, with real calls: what PAM promises, seen to happen.

Each step says what is done and what must come of it; the first one that turns out otherwise ends
the demo with exit code 1. Everything that was started is stopped.
"""

import json
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from cli.problems import ExitCode
from cli.trail.chain import faults_of
from local.busy import busy
from local.cast import Cast, NotSeenError, Person, is_refused, until
from local.demo_directories import in_directories
from local.demo_slack import in_slack
from local.inboxes import read_inbox
from local.logins import connect, is_cut, is_let_in
from local.stack import StackError, down, up
from local.story import NotAsPromisedError, Story, wait_until
from pam.domain import timestamps

LEDGER, SANDBOX, KYC = "core-ledger-admin", "core-sandbox-admin", "kyc-documents-read"
LEDGER_DB = "core-ledger-db"
WINDOW = timedelta(seconds=10)


def demo(state_dir: Path) -> int:
    """Runs the story on a stack of its own. 0 if all of it happened, else 1."""
    console = Console(highlight=False, soft_wrap=True)
    story = Story(console)
    try:
        story.chapter("The app as it goes to AWS, deployed into an emulator that enforces IAM")
        with busy(console, story.begin) as told:
            up(state_dir, tell=told, hand_over=False)
        try:
            tell(story, Cast(state_dir))
        finally:
            down(state_dir)
    except (NotAsPromisedError, NotSeenError, StackError) as error:
        console.print(f"\n[red bold]not as promised:[/red bold] {escape(str(error))}")
        return 1
    console.print("\n[green bold]All of it happened.[/green bold] The stack is stopped.\n")
    return 0


def tell(story: Story, cast: Cast) -> None:
    two_approvals_and_the_clock(story, cast)
    an_early_end(story, cast)
    a_database_login(story, cast)
    across_domains(story, cast)
    development(story, cast)
    break_glass(story, cast)
    in_slack(story, cast)
    in_directories(story, cast)


def two_approvals_and_the_clock(story: Story, cast: Cast) -> None:
    alice, bob, carol = cast.person("alice"), cast.person("bob"), cast.person("carol")
    story.chapter("Nobody has standing access; two approvers lend it, for a window")
    own = alice.client("s3")
    story.step("alice is refused on the ledger's bucket", is_refused(lambda: _put(cast, own)))
    session = alice.request(LEDGER, duration_seconds=int(WINDOW.total_seconds()))
    session_id = str(session["session_id"])
    story.step(
        f"alice asks for {LEDGER} for {WINDOW.total_seconds():.0f} s: {session_id}",
        _is(session, "PENDING_APPROVAL"),
    )
    first = bob.approve(session_id)
    story.step("bob approves: 1 of 2", first.body["approvals"]["received"] == 1)
    story.step("alice is still refused", is_refused(lambda: _put(cast, own)))
    lease = alice.post(f"/pam/sessions/{session_id}/credentials")
    story.step("and gets no credentials yet", lease.code == "CONFLICT")
    story.step(
        "bob's second vote is refused (CONFLICT)", bob.approve(session_id).code == "CONFLICT"
    )
    story.step(
        "alice's own vote is refused (SELF_APPROVAL)",
        alice.approve(session_id).code == "SELF_APPROVAL",
    )
    voted_at = time.monotonic()
    story.step("carol approves: enough", _is(carol.approve(session_id).body, "APPROVED"))
    active = alice.wait_for(session_id, "ACTIVE")
    given = alice.lease(session_id)
    seconds = time.monotonic() - voted_at
    story.step(f"alice has credentials {seconds:.1f} s after the last vote", given["access_key_id"])
    leased = cast.with_lease(given, "s3")
    _put(cast, leased)
    read = leased.get_object(Bucket=cast.bucket(LEDGER), Key="note")["Body"].read()
    story.step("with them she puts and gets an object", read == b"borrowed")
    ends = timestamps.parse(str(active["expires_at"]))
    wait_until(ends - timedelta(seconds=1))
    _put(cast, leased)
    story.step("a second before the end they still work", datetime.now(UTC) < ends)
    wait_until(ends + timedelta(milliseconds=50))
    story.step(
        "at the end the very same credentials are refused", is_refused(lambda: _put(cast, leased))
    )
    over = alice.wait_for(session_id, "EXPIRED")
    story.step(f"the session is EXPIRED, with a receipt: {over['ending']['evidence']}", over)
    _trail(story, cast, session_id)


def an_early_end(story: Story, cast: Cast) -> None:
    dave, sam = cast.person("dave"), cast.person("sam")
    story.chapter("An operator takes access back before its time")
    session = _granted(cast, dave, LEDGER, duration_seconds=600)
    session_id = str(session["session_id"])
    leased = cast.with_lease(dave.lease(session_id), "s3")
    _put(cast, leased)
    story.step("dave works with a session of ten minutes", _is(session, "ACTIVE"))
    began = time.monotonic()
    answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": "wrong ledger"})
    refused = is_refused(lambda: _put(cast, leased))
    seconds = time.monotonic() - began
    story.step("sam revokes it: REVOKED, once the target confirmed", _is(answer.body, "REVOKED"))
    story.step(f"his credentials are refused, {seconds:.2f} s after the call", refused)
    story.note(f"receipt: {answer.body['ending']['method']}, {answer.body['ending']['evidence']}")


def a_database_login(story: Story, cast: Cast) -> None:
    alice, sam = cast.person("alice"), cast.person("sam")
    story.chapter("A database: a user of one's own, gone with the session")
    place = cast.about["databases"][LEDGER_DB]
    guess = {**place, "username": "alice", "password": "a guess"}
    story.step(f"alice has no login at {place['dbname']}: refused", not is_let_in(guess))
    session = _granted(cast, alice, LEDGER_DB, duration_seconds=600)
    session_id = str(session["session_id"])
    login = alice.lease(session_id)
    with closing(connect(login)) as connection:
        row = connection.execute("SELECT session_user, sum(cents) FROM entries").fetchone()
        story.step(f"granted: a query runs, as {login['username']}", row == (login["username"], 0))
        began = time.monotonic()
        answer = sam.post("/pam/revoke", {"session_id": session_id, "reason": "audit at noon"})
        cut = is_cut(connection)
        seconds = time.monotonic() - began
    story.step("sam revokes it: REVOKED, once the database refused", _is(answer.body, "REVOKED"))
    story.step(f"the open connection is cut, {seconds:.2f} s after the call", cut)
    story.step("the very same login is refused", not is_let_in(login))
    story.note(f"receipt: {answer.body['ending']['method']}, {answer.body['ending']['evidence']}")


def across_domains(story: Story, cast: Cast) -> None:
    alice, bob, carol, kate = (cast.person(name) for name in ("alice", "bob", "carol", "kate"))
    story.chapter("DT-001: across domains, an approver of the other domain as well")
    session_id = str(alice.request(KYC)["session_id"])
    bob.approve(session_id)
    second = carol.approve(session_id)
    story.step(
        f"alice (bank-core) asks for {KYC}: bob and carol are not enough",
        _is(second.body, "PENDING_APPROVAL"),
    )
    story.step("kate of bank-kyc is the third", _is(kate.approve(session_id).body, "APPROVED"))
    story.step("and it is ACTIVE", alice.wait_for(session_id, "ACTIVE"))
    alice.post("/pam/end", {"session_id": session_id})


def development(story: Story, cast: Cast) -> None:
    alice = cast.person("alice")
    story.chapter("dev is given at once, and audited all the same")
    session_id = str(alice.request(SANDBOX)["session_id"])
    story.step(f"{SANDBOX} is ACTIVE without a vote", alice.wait_for(session_id, "ACTIVE"))
    ended = alice.post("/pam/end", {"session_id": session_id})
    story.step("alice gives it back: ENDED", _is(ended.body, "ENDED"))


def break_glass(story: Story, cast: Cast) -> None:
    alice = cast.person("alice")
    story.chapter("Break-glass: at once, loudly, and not across domains")
    emergency = alice.request(LEDGER, break_glass=True, ticket="INC-1")
    session_id = str(emergency["session_id"])
    story.step("alice breaks the glass: ACTIVE", alice.wait_for(session_id, "ACTIVE"))
    alarm = until(lambda: _tier1(cast, session_id), "the Tier-1 alert")
    story.step(f"Tier-1 is alerted: {alarm.splitlines()[0]}", alarm)
    story.step(
        f"it owes a review until {emergency['review']['due_at']}", emergency["review"]["required"]
    )
    across = alice.request(KYC, break_glass=True)
    needed = across["approvals"]["domain_required"]
    story.step(
        f"on {KYC} it still waits for {needed} approver of bank-kyc",
        _is(across, "PENDING_APPROVAL") and needed == 1,
    )
    alice.post("/pam/end", {"session_id": session_id})


def _trail(story: Story, cast: Cast, session_id: str) -> None:
    story.chapter("What the auditor sees of that session")
    items = cast.person("ada").get(f"/pam/sessions/{session_id}/audit").body["items"]
    for item in items:
        who = str(item["actor"]["principal"]).rsplit("/", 1)[-1]
        story.note(f"{item['sequence']:>2} {item['type']:<10} {who:<24} {item['hash'][:16]}")
    faults = faults_of(items, session_id=session_id)
    story.step(f"the chain of its {len(items)} records holds", not faults)
    broken = [dict(item) for item in items]
    broken[2]["reason"] = "something else"
    story.step("and breaks if one word is changed", faults_of(broken, session_id=session_id))
    _proof(story, cast, session_id)


def _proof(story: Story, cast: Cast, session_id: str) -> None:
    sealed = until(lambda: _sealed(cast, session_id), "the last record to be archived")
    story.step(f"checkpoint {sealed['number']} seals the log, and the witness cosigns it", sealed)
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "trail"
        export = ("audit", "export", str(folder), "--session", session_id, "--json")
        exported = cast.pam("ada", *export)
        story.step("ada exports the session's trail", exported.returncode == 0)
        key = str(json.loads(exported.stdout)["key_fingerprint"])
        story.note(f"and keeps the fingerprint of the log's key: {key[:16]}...")
        verify = ("audit", "verify", str(folder), "--key", key)
        proven = cast.pam("ada", *verify)
        story.step(f"with it, it is proven offline: {_first(proven.stdout)}", not proven.returncode)
        unanchored = cast.pam("ada", "audit", "verify", str(folder))
        told = _first(unanchored.stderr).partition(":")[0]
        story.step(
            f"without it, it vouches for itself alone: {told}",
            unanchored.returncode == ExitCode.UNANCHORED,
        )
        records = folder / "records.jsonl"
        records.write_bytes(records.read_bytes().replace(b"Leased", b"leased"))
        wrong = cast.pam("ada", *verify)
        story.step(f"and with one byte changed does not: {_first(wrong.stderr)}", wrong.returncode)


def _sealed(cast: Cast, session_id: str) -> dict[str, Any] | None:
    """The checkpoint that has all of the session, once the archive has."""
    name = cast.parameter("/bank/local/mod046/audit-archive/bucket-name")
    s3 = cast.person("root").client("s3")
    kept = s3.list_objects_v2(Bucket=name, Prefix=f"records/{session_id}/").get("Contents", [])
    last = cast.person("ada").get(f"/pam/sessions/{session_id}/audit").body["items"][-1]
    if not any(item["Key"].endswith(f"-{last['sequence']:08d}.jsonl") for item in kept):
        return None
    return cast.checkpoint()


def _first(text: str) -> str:
    return text.splitlines()[0] if text else ""


def _granted(cast: Cast, person: Person, resource: str, **fields: Any) -> dict[str, Any]:
    session_id = str(person.request(resource, **fields)["session_id"])
    for name in ("bob", "carol"):
        cast.person(name).approve(session_id)
    return person.wait_for(session_id, "ACTIVE")


def _put(cast: Cast, s3: Any) -> None:
    s3.put_object(Bucket=cast.bucket(LEDGER), Key="note", Body=b"borrowed")


def _is(session: Any, status: str) -> bool:
    return bool(session.get("status") == status)


def _tier1(cast: Cast, session_id: str) -> str | None:
    mails = read_inbox(cast.about["endpoint_url"], cast.about["inboxes"]["tier1"])
    return next((mail for mail in mails if session_id in mail), None)
