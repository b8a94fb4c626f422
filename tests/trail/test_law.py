"""`pam audit verify` replays what a trail tells: what ought not to have happened is named."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.trail.check import Disproof, Trusted, check_trail
from cli.trail.law import Law, Unlawful
from cli.trail.remembered_policy import RememberedPolicy
from pam.domain.audit_record import RecordType
from pam.policy.cedar import Action
from tests.fakes.log import Log
from tests.fakes.story import COMPILED, arn
from tests.trail.conftest import exported
from tests.trail.forging import a_whole_day, entry, verified

pytestmark = pytest.mark.guarantee("G13")

# ------------------------------------------------------------------ what PAM itself does is lawful


def test_whatever_pam_does_is_lawful(tmp_path: Path) -> None:
    log = Log()
    a_whole_day(log)
    assert verified(log, tmp_path / "trail") == 10
    kinds = {record["type"] for records in log.story.store.trails.values() for record in records}
    later = {"BreakGlass", "Confirmed", "Reviewed", "Erased"}
    assert {"Denied", "Withdrawn", "Expired", "Unanswered"} | later <= kinds


def test_a_session_that_began_before_the_export_is_judged_from_its_beginning(
    tmp_path: Path,
) -> None:
    from cli.trail.export import Wanted, export_trail

    log = Log()
    session = log.story.granted(seconds=3600)
    log.carry()
    for _ in range(3):
        log.seal()
    since = log.story.now
    log.story.lease(session.session_id)
    log.carry()
    log.seal()
    wanted = Wanted(since=since, until=log.story.now)
    folder = tmp_path / "trail"
    export_trail(log, wanted, folder, now=log.story.now)
    earlier = (folder / "earlier.jsonl").read_bytes().splitlines(keepends=True)
    assert (len(earlier), check_trail(folder, Trusted()).records) == (6, 1)
    for changed, why in (
        (earlier[:-1], "law not proven: it is missing"),
        (earlier[1:], "record 1 of .* should stand here"),
        ([*earlier, earlier[0]], "a record that none here follows"),
        ([earlier[0].replace(b"user/alice", b"user/dave"), *earlier[1:]], "was changed"),
        ([line.replace(b"\n", b"\r\n") for line in earlier], "CRLF"),
    ):
        (folder / "earlier.jsonl").write_bytes(b"".join(changed))
        with pytest.raises(Disproof, match=why):
            check_trail(folder, Trusted())
    (folder / "earlier.jsonl").unlink()
    with pytest.raises(Disproof, match="law not proven"):
        check_trail(folder, Trusted())


# ------------------------------------------------------------------ the law that decided


def a_grant(tmp_path: Path) -> Path:
    log = Log()
    log.story.granted()
    log.carry()
    log.seal()
    return exported(log, tmp_path / "trail")


def policy_file(folder: Path) -> Path:
    return folder / "policies" / f"{COMPILED.digest}.json"


def test_an_export_carries_each_policy_set_that_its_records_name(tmp_path: Path) -> None:
    folder = a_grant(tmp_path)
    assert [path.name for path in (folder / "policies").iterdir()] == [policy_file(folder).name]
    text = policy_file(folder).read_text(encoding="utf-8")
    assert hashlib.sha256(text.encode()).hexdigest() == COMPILED.digest
    assert check_trail(folder, Trusted()).policy_sets == [COMPILED.digest]


def test_a_policy_set_that_is_missing_leaves_the_law_unproven(tmp_path: Path) -> None:
    folder = a_grant(tmp_path)
    policy_file(folder).unlink()
    with pytest.raises(Disproof, match=r"record 1 of .*: law not proven: .* is missing"):
        check_trail(folder, Trusted())


def test_a_policy_set_by_which_less_is_needed_does_not_fit(tmp_path: Path) -> None:
    folder = a_grant(tmp_path)
    path = policy_file(folder)
    path.write_text(path.read_text().replace("then 2 else 3", "then 0 else 0"), encoding="utf-8")
    with pytest.raises(Disproof, match=r"law not proven: .* does not fit its digest"):
        check_trail(folder, Trusted())


def test_a_policy_set_that_no_record_names_is_a_stranger(tmp_path: Path) -> None:
    folder = a_grant(tmp_path)
    (folder / "policies" / f"{'0' * 64}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Disproof, match="a policy set that no record names"):
        check_trail(folder, Trusted())


@pytest.mark.parametrize("text", ["{}", "[]", "null", "[" * 10_000, '{"cedar": "permit"}', "\0"])
def test_a_policy_set_that_is_none_leaves_the_law_unproven(text: str, tmp_path: Path) -> None:
    log = Log()
    digest = hashlib.sha256(text.encode()).hexdigest()
    session = log.story.request()
    log.forge(session.session_id, entry(RecordType.REFUSED, "bob", "x", policy_version=digest))
    log.archive.policy_sets[digest] = text
    log.carry()
    log.seal()
    with pytest.raises(Disproof, match=r"record 2 of .*: law not proven: .* of no form"):
        check_trail(exported(log, tmp_path / "trail"), Trusted())


NESTED = "permit (principal, action, resource) when {{ {} }};"
MISSHAPEN: dict[str, dict[str, Any]] = {
    "groups without roles": {"roles": {}},
    "roles of another kind": {"roles": None},
    "codes of another kind": {"codes": None},
    "no place for its target": {
        "resources": [
            each | {"issuer": None} for each in json.loads(COMPILED.to_json())["resources"]
        ]
    },
    "brackets without end": {"cedar": NESTED.format("(" * 5000 + "true" + ")" * 5000)},
    "and closed in comments": {"cedar": NESTED.format("( // )\n" * 5000 + "true" + ")" * 5000)},
    "and closed in strings": {"cedar": NESTED.format('[")",' * 5000 + "1" + "]" * 5000)},
    "strings without end": {"cedar": '\\"' * 500_000},
    "choices without end": {"cedar": NESTED.format("if true then true else " * 50_000 + "true")},
    "sets of sets": {"cedar_schema": f"entity A {{ a: {'Set<' * 50_000}Long{'>' * 50_000} }};"},
}
"""Cedar's own parser ends the whole process on some of these."""


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_policy_set_that_is_misshapen_leaves_the_law_unproven(name: str) -> None:
    text = json.dumps(json.loads(COMPILED.to_json()) | MISSHAPEN[name])
    digest = hashlib.sha256(text.encode()).hexdigest()
    log = Log()
    granted = log.story.granted()
    law = Law(lambda _: text)

    def see_all() -> None:
        for record in log.story.store.records(granted.session_id):
            law.see({**record, "policy_version": digest})

    with pytest.raises(Unlawful, match=r"law not proven: .* of no form"):
        see_all()


@pytest.mark.parametrize("version", ["", "latest", "../manifest", "0" * 63, "A" * 64])
def test_a_decision_that_names_no_policy_set_leaves_the_law_unproven(
    version: str, tmp_path: Path
) -> None:
    log = Log()
    session = log.story.request()
    log.forge(session.session_id, entry(RecordType.VOTED, "bob", "approve", policy_version=version))
    log.carry()
    log.seal()
    with pytest.raises(Disproof, match=r"record 2 of .*: law not proven"):
        check_trail(exported(log, tmp_path / "trail"), Trusted())


def test_each_decision_is_judged_by_the_policy_set_of_its_day(tmp_path: Path) -> None:
    """Bob has left since he voted: his vote was lawful, and at activation it counts no more."""
    log = Log()
    rest = tuple(each for each in COMPILED.identities if each.user != "bob")
    later = replace(COMPILED, identities=rest)
    log.archive.policy_sets[later.digest] = later.to_json()
    session = log.story.request()
    for approver in ("bob", "carol"):
        log.story.vote(approver, session.session_id)
    log.forge(session.session_id, entry(RecordType.ACTIVATING, policy_version=later.digest))
    log.carry()
    log.seal()
    with pytest.raises(Disproof, match=r"record 5 of .*: unlawful: Activating: 2 approval"):
        check_trail(exported(log, tmp_path / "trail"), Trusted())


def test_answers_are_remembered_but_not_where_a_policy_names_one_session() -> None:
    log = Log()
    one, other = log.story.request(), log.story.request()
    named = f'resource == PAM::Session::"{other.session_id}"'
    forbidding = f'{COMPILED.cedar}\n@id("not-this-one") forbid (principal, action, {named});'
    for cedar, expected in (
        (COMPILED.cedar, [True, True, True]),
        (forbidding, [True, False, True]),
    ):
        policy = RememberedPolicy(replace(COMPILED, cedar=cedar))
        bob = policy.identities.identify(arn("bob"))
        answers = [policy.may(Action.APPROVE, bob, each).allowed for each in (one, other, one)]
        assert answers == expected
