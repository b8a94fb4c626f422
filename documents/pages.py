"""Fills in the parts of pages under `docs/`, and of the README, that come from the code.

Each stands between two marks:
`<!-- made: NAME -->` begins such a part and `<!-- end -->` ends it. `python -m documents.pages`
writes the pages; a test holds that it would change nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from documents import api, aws_calls, benchmarks, command, events, scale, vendor_calls
from pam.domain.ending import ReceiptMethod
from pam.domain.lifecycle import TRANSITIONS, Status
from pam.names import Parameter, parameter_path
from pam.slack.pace import UPDATES

DOCS = Path(__file__).resolve().parent.parent / "docs"
README = DOCS.parent / "README.md"
_PART = re.compile(r"(<!-- made: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)

_PARAMETERS: Mapping[Parameter, str] = {
    Parameter.APPROVAL_WORKFLOW_ARN: "state machine ARN",
    Parameter.REQUEST_API_ENDPOINT: "API base URL, without a slash at its end",
    Parameter.SESSION_STORE_TABLE_NAME: "DynamoDB table of the sessions",
    Parameter.AUDIT_LOG_GROUP_ARN: "log group ARN",
    Parameter.EVENTS_BUS_NAME: "event bus",
    Parameter.APPROVER_TOPIC_ARN: "SNS topic of the approvers; filters: `docs/notices.md`",
    Parameter.REQUESTER_TOPIC_ARN: "SNS topic of requesters",
    Parameter.TIER1_TOPIC_ARN: "SNS topic of Tier-1 alerts",
    Parameter.AUDIT_ARCHIVE_BUCKET: "S3 bucket of the audit archive",
    Parameter.AUDIT_SIGNING_KEY_ARN: "KMS key that signs checkpoints",
}

_METHODS: Mapping[ReceiptMethod, str] = {
    ReceiptMethod.DENY_READ_BACK: "the deny that ends the session was read back from its role",
    ReceiptMethod.LOGIN_REFUSED: "the database refused the login",
    ReceiptMethod.MEMBERSHIP_GONE: (
        "the target said that the person has this access no more: of a group of Okta both of its "
        "lists, twice each"
    ),
    ReceiptMethod.ASSIGNMENT_GONE: (
        "the deny of live sessions was read back from the permission set, and then the person was "
        "seen not to be assigned, twice"
    ),
    ReceiptMethod.LEASE_OVER: "every credential of the session was over at STS",
    ReceiptMethod.NO_LEASE: "no credential had been handed out",
    ReceiptMethod.NEVER_GRANTED: "no access had been made",
    ReceiptMethod.OTHER: (
        "what another version of PAM saw, which wrote this receipt: its own word for it stands "
        "before the evidence"
    ),
}


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def life() -> str:
    """The table of transitions as a Mermaid diagram. Half-made access goes through REVOKING."""
    return "```mermaid\nstateDiagram-v2\n" + "".join(f"    {edge}\n" for edge in _edges()) + "```\n"


def _edges() -> Iterator[str]:
    yield f"[*] --> {Status.PENDING_APPROVAL}"
    for before in Status:
        yield from (f"{before} --> {after}" for after in Status if after in TRANSITIONS[before])
    yield from (f"{status} --> [*]" for status in Status if not TRANSITIONS[status])
    yield f"note right of {Status.ACTIVATING} : access may exist from here until a closed state"


def parameters() -> str:
    rows = [(f"`{parameter_path('{env}', each)}`", _PARAMETERS[each]) for each in Parameter]
    return table(("path", "value"), rows)


def methods() -> str:
    rows = [(f"`{each}`", _METHODS[each]) for each in ReceiptMethod]
    return table(("method", "what was seen"), rows)


def record() -> str:
    return table(("field", "meaning"), [(f"`{f}`", text) for f, text in events.MEANINGS.items()])


def bus() -> str:
    """Each detail-type, its schema and the types of the records that it carries."""
    files = {schema["title"]: file for file, schema in events.schemas().items()}
    rows = []
    for name, kinds in events.published().items():
        types = dict.fromkeys(f"`{kind['type']['const']}`{_beginning(kind)}" for kind in kinds)
        rows.append((f"[`{name}`](events/{files[name]})", ", ".join(types)))
    return table(("detail-type", "record"), rows)


def _beginning(kind: events.Schema) -> str:
    pattern = kind.get("detail", {}).get("pattern", "")
    return f" with a `detail` that begins with `{pattern[1:].strip()}`" if pattern else ""


def calls() -> str:
    head = ("call", "takes", "answers", "what it does")
    rows = [(f"`{c.name}`", c.takes or "", c.answers, c.meaning) for c in api.calls()]
    return table(head, rows)


def session() -> str:
    return f"{api.fields('SessionView')}\n"


def leases() -> str:
    return "".join(f"- `{kind}`: {api.fields(model)}\n" for kind, model in api.leases().items())


def codes() -> str:
    return table(("code", "status", "when"), api.codes())


def exit_codes() -> str:
    return table(("exit code", "meaning"), command.exit_codes())


def acts() -> str:
    """How many calls each act makes of AWS."""
    head = ("act", "who waits", "calls", "one after the other", "more of a new process")
    rows = [
        (
            f"[{name}](#{_anchor(name)})",
            act.waits,
            str(len(act.warm)),
            str(act.in_turn),
            str(len(act.calls) - len(act.warm)),
        )
        for name, act in aws_calls.ACTS.items()
    ]
    return table(head, rows)


def calls_of_acts() -> str:
    return "".join(f"### {name}\n\n{_calls_of(act)}\n" for name, act in aws_calls.ACTS.items())


def _calls_of(act: aws_calls.Act) -> str:
    rows = [
        (f"`{c.function}`", c.call, c.beside, "first" if c.first else "", c.why) for c in act.calls
    ]
    return table(("function", "call", "beside", "when", "why"), rows)


def calls_at_vendors() -> str:
    acts = {**vendor_calls.AT_IDENTITY_CENTER, **vendor_calls.AT_OKTA}
    return "".join(f"### {name}\n\n{_calls_at_vendor(calls)}\n" for name, calls in acts.items())


def _calls_at_vendor(calls: Sequence[vendor_calls.Call]) -> str:
    rows = [(f"`{each.function}`", each.call, each.when, each.why) for each in calls]
    return table(("function", "call", "when", "why"), rows)


def limits(which: Sequence[scale.Limit]) -> str:
    head = ("what", "a session", "at the peak of a million a day", "quota", "reached at", "then")
    rows = [
        (
            each.what,
            f"{scale.rounded(each.per_session)} {each.unit}",
            f"{scale.rounded(each.at_peak(scale.MILLION))} a second",
            each.source,
            f"{scale.rounded(each.reached_at)} a day",
            each.then,
        )
        for each in sorted(which, key=lambda each: each.reached_at)
    ]
    return table(head, rows)


def first_limit() -> str:
    first = scale.first()
    mean = scale.rounded(first.reached_at * scale.PEAK)
    return (
        f"**The first limit is {first.what}: reached at {scale.rounded(first.reached_at)} sessions "
        f"a day** ({mean}, if they came evenly).\n"
    )


def late_cards() -> str:
    cards = scale.CARDS
    return (
        f"- **Slack** takes {UPDATES.most} updates of cards a minute, of the whole workspace, and "
        f"PAM keeps to\n  that. The card of a prod session is updated {cards.per_session:g} times. "
        f"So cards are late from {UPDATES.most / cards.per_session:g} sessions a minute on\n  "
        f"({scale.rounded(cards.reached_at)} a day, reckoned as above). An update then shows "
        "several steps at once; no vote by the\n  command, no lease and no end waits for a card.\n"
    )


def _anchor(heading: str) -> str:
    return heading.replace(",", "").replace(" ", "-").lower()


def commands() -> str:
    return table(("command", "what it does"), command.commands())


PARTS: Mapping[str, Callable[[], str]] = {
    "life": life,
    "parameters": parameters,
    "methods": methods,
    "record": record,
    "bus": bus,
    "calls": calls,
    "session": session,
    "leases": leases,
    "codes": codes,
    "exit-codes": exit_codes,
    "commands": commands,
    "acts": acts,
    "calls-of-acts": calls_of_acts,
    "calls-at-vendors": calls_at_vendors,
    "first-limit": first_limit,
    "own-limits": partial(limits, scale.OWN),
    "limits-of-aws": partial(limits, scale.AWS),
    "late-cards": late_cards,
    "missed-bars": benchmarks.missed,
    "benchmarks": benchmarks.tables,
    "bundles": benchmarks.bundles,
    "figures": benchmarks.headlines,
    "absolute-figures": benchmarks.absolutes,
}


def filled(text: str) -> str:
    """The page with every part as the code has it now. Raises KeyError for an unknown part."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}{part[3]}", text)


def pages() -> list[Path]:
    """Those of `docs/` and the README that have such a part."""
    there = [README, *sorted(DOCS.glob("*.md"))]
    return [path for path in there if _PART.search(path.read_text("utf-8"))]


def fill(path: Path) -> None:
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for path in pages():
        fill(path)
