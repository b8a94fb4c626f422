"""What somebody could do to one of the places where the trail is kept."""

import json
from dataclasses import replace

from pam.domain.audit_record import canonical_json
from pam.domain.checkpoint import Head, Interval
from pam.domain.lifecycle import Status
from tests.fakes.log import Log, Signer
from tests.trail.forging import LEASED


def session_of(log: Log) -> str:
    return sorted(log.story.store.sessions)[1]


def changed(line: str) -> str:
    return canonical_json(json.loads(line) | {"outcome": "failure"})


def no_line(log: Log) -> None:
    log.lines.remove(log.archive.objects[session_of(log)][1])


def other_line(log: Log) -> None:
    at = log.lines.index(log.archive.objects[session_of(log)][1])
    log.lines[at] = changed(log.lines[at])


def no_object(log: Log) -> None:
    del log.archive.objects[session_of(log)][1]


def other_object(log: Log) -> None:
    lines = log.archive.objects[session_of(log)]
    lines[1] = changed(lines[1])


def no_item(log: Log) -> None:
    del log.story.store.trails[session_of(log)][-1]


def other_item(log: Log) -> None:
    trail = log.story.store.trails[session_of(log)]
    trail[1] = dict(trail[1]) | {"outcome": "failure"}


def no_lone_item(log: Log) -> None:
    log.lone.clear()


def no_lone_object(log: Log) -> None:
    for event_id in log.lone:
        del log.archive.objects[event_id]


def other_lone_item(log: Log) -> None:
    for event_id, record in log.lone.items():
        log.lone[event_id] = dict(record) | {"outcome": "failure"}


def no_session(log: Log) -> None:
    """All that the table has of it."""
    session_id = session_of(log)
    del log.story.store.sessions[session_id]
    del log.story.store.trails[session_id]


def no_session_nor_line(log: Log) -> None:
    for line in log.archive.objects[session_of(log)]:
        log.lines.remove(line)
    no_session(log)


def sealed_alone(log: Log) -> None:
    """Only the signed leaves still know of it."""
    session_id = session_of(log)
    no_session_nor_line(log)
    del log.archive.objects[session_id]


def no_session_item(log: Log) -> None:
    del log.story.store.sessions[session_of(log)]


def newest_records_cut_off_everywhere_but_in_the_item(log: Log) -> None:
    session_id = session_of(log)
    record = log.story.store.trails[session_id].pop()
    line = canonical_json(record)
    log.lines.remove(line)
    log.archive.objects[session_id].remove(line)


def made_active(log: Log) -> None:
    """One write to the item, which functions act by; the records tell of a request."""
    session = log.story.store.sessions[session_of(log)]
    log.story.store.sessions[session.session_id] = replace(session, status=Status.ACTIVE)


def for_another(log: Log) -> None:
    session = log.story.store.sessions[session_of(log)]
    stored = replace(session, requester="arn:aws:iam::000000000000:user/kim")
    log.story.store.sessions[session.session_id] = stored


def unlawful(log: Log) -> None:
    log.forge(session_of(log), LEASED)
    log.carry()


def second_line(log: Log) -> None:
    """Beside the right one, not in its place."""
    log.lines.append(changed(log.archive.objects[session_of(log)][1]))


def second_object(log: Log) -> None:
    lines = log.archive.objects[session_of(log)]
    lines.insert(0, changed(lines[1]))


def object_of_another(log: Log) -> None:
    one, other, *_ = sorted(log.story.store.sessions)
    log.archive.objects[one].append(log.archive.objects[other][0])


def line_of_nobody(log: Log) -> None:
    """A session that only the log group has heard of, under an id of long ago."""
    line = json.loads(log.archive.objects[session_of(log)][0])
    log.lines.append(canonical_json(line | {"session_id": "00000000010000000000000000"}))


def garbage_in_the_log_group(log: Log) -> None:
    log.lines += ["null", "{", "[" * 100_000, '{"session_id": 5}']


def never_sealed(log: Log) -> None:
    """Taken out of the queue before the next checkpoint."""
    session = log.open()
    log.checkpoints.waiting.clear()
    log.seal()
    assert session.session_id


def sealed_another(log: Log) -> None:
    """All places agree on a record that is not the one that was sealed."""
    session_id = session_of(log)
    line = log.archive.objects[session_id][-1]
    log.archive.objects[session_id][-1] = changed(line)
    log.lines[log.lines.index(line)] = changed(line)
    log.story.store.trails[session_id][-1] = json.loads(changed(line))


def no_checkpoint(log: Log) -> None:
    del log.archive.intervals[2]


def newest_checkpoints_gone(log: Log) -> None:
    for number in sorted(log.archive.intervals)[-2:]:
        del log.archive.intervals[number]


def checkpoint_by_another(log: Log) -> None:
    log.signer = Signer()


def head_turned_back_to_another(log: Log) -> None:
    log.checkpoints.newest = replace(log.checkpoints.newest, hashed="0" * 64)


def head_turned_back(log: Log) -> None:
    for _ in range(4):
        log.seal()
    log.checkpoints.newest = Interval.decode(log.archive.intervals[2]).head


def head_gone(log: Log) -> None:
    log.checkpoints.newest = Head()


def checkpoint_of_nonsense(log: Log) -> None:
    log.archive.intervals[2] = "{}"


def no_policy_set(log: Log) -> None:
    log.archive.policy_sets.clear()


HARMS = (
    no_line,
    other_line,
    no_object,
    other_object,
    no_item,
    other_item,
    no_lone_item,
    no_lone_object,
    other_lone_item,
    no_session,
    no_session_nor_line,
    sealed_alone,
    no_session_item,
    newest_records_cut_off_everywhere_but_in_the_item,
    made_active,
    for_another,
    unlawful,
    second_line,
    second_object,
    object_of_another,
    line_of_nobody,
    garbage_in_the_log_group,
    never_sealed,
    sealed_another,
    no_checkpoint,
    newest_checkpoints_gone,
    checkpoint_by_another,
    head_turned_back_to_another,
    head_turned_back,
    head_gone,
    checkpoint_of_nonsense,
    no_policy_set,
)
