"""A role without room for one more deny, and whoever makes room dies in the middle or is overtaken:
at no instant is anybody let in whose end had been confirmed.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache

import pytest
from botocore.exceptions import ClientError

from pam.aws.role_denies import GRACE, LONGEST_LEASE, RoleDenies
from pam.domain.errors import IssuerUnavailable
from pam.ids import new_id
from tests.fakes.dying import Died, Dying, Fuse
from tests.fakes.roles import Lease, Listing, Role, denies_on
from tests.fakes.story import NOON

pytestmark = pytest.mark.guarantee("G5")


def backwards(names: Iterable[str]) -> list[str]:
    return sorted(names, reverse=True)


LISTINGS: dict[str, Listing] = {"as written": list, "sorted": sorted, "backwards": backwards}
FOREIGN = {"room for packs": 7_000, "room for some": 8_800, "room for four": 9_400}
"""What others keep on the role."""
LENGTHS = [timedelta(minutes=minutes) for minutes in (30, 4, 11, 30, 2, 22, 7)]
"""Of leases: the shorter ones belong to sessions whose own time is over."""
BETWEEN = timedelta(seconds=20)
LATER = [timedelta(seconds=1), timedelta(minutes=9)]
"""When the end that died is tried again."""


class Course:
    """Sessions that are lent the role one after the other, and ended early one after the other."""

    def __init__(self, listed: Listing, foreign: int) -> None:
        self.role = Role(foreign=foreign, listed=listed)
        self.fuse = Fuse()
        self.leases: dict[str, Lease] = {}
        self.full = False
        self.cleared: set[str] = set()

    def copy(self) -> "Course":
        """Another that has come as far as this one, with a fuse of its own."""
        role = self.role
        made = Course(role.listed, role.foreign)
        made.role.policies = json.loads(json.dumps(role.policies))
        made.role.most, made.role.now = role.most, role.now
        made.role.expected, made.leases = dict(role.expected), dict(self.leases)
        made.full, made.cleared = self.full, set(self.cleared)
        return made

    @property
    def denies(self) -> RoleDenies:
        return denies_on(self.role, Dying(self.role, self.fuse))

    def lend(self) -> str:
        session_id = new_id(self.role.now)
        length = LENGTHS[len(self.leases) % len(LENGTHS)]
        self.leases[session_id] = Lease(self.role.now, self.role.now + length)
        return session_id

    def end(self, session_id: str) -> bool:
        """Whether it was confirmed; a fault leaves it for another try."""
        self.cleared.discard(session_id)
        try:
            self.denies.deny(session_id, self.has_no_room)
        except (ClientError, IssuerUnavailable):
            return False
        self.role.expected[session_id] = self.leases[session_id]
        self.role.check()
        return True

    def has_no_room(self) -> None:
        self.full = True

    def fill(self) -> str:
        """Until the role has no room for the next one, which is returned."""
        while True:
            self.pass_time(BETWEEN)
            session_id = self.lend()
            before = dict(self.role.policies)
            if self.end(session_id) and not self.full:
                continue
            self.role.policies, self.full = before, False
            self.role.expected.pop(session_id, None)
            return session_id

    def pass_time(self, length: timedelta) -> None:
        self.role.now += length
        self.role.check()

    def run_out(self) -> None:
        """Each session's traces are cleared when its own lease is over, until nothing is left."""
        last = max(lease.ends for lease in self.leases.values()) + GRACE + LONGEST_LEASE
        while self.role.now < last:
            self.pass_time(timedelta(minutes=1))
            self.clear()
        self.pass_time(LONGEST_LEASE + GRACE)
        self.clear()
        assert self.role.policies == {}

    def clear(self) -> None:
        for session_id, lease in self.leases.items():
            if session_id not in self.cleared and lease.ends + GRACE <= self.role.now:
                self.denies.forget(session_id, self.role.now)
                self.cleared.add(session_id)
        self.denies.tidy(self.role.now)


@cache
def _filled(listed: Listing, foreign: int) -> tuple[Course, str]:
    course = Course(listed, foreign)
    return course, course.fill()


def filled(listed: Listing, foreign: int) -> tuple[Course, str]:
    """On a role without room, and the session for whose end there is none."""
    course, session_id = _filled(listed, foreign)
    return course.copy(), session_id


def died(course: Course, session_id: str, number: int, *, after: bool) -> bool:
    course.fuse.arm(number, after=after)
    try:
        course.end(session_id)
    except Died:
        return True
    finally:
        course.fuse.disarm()
    return False


def cut_short(listed: Listing, foreign: int) -> Iterator[tuple[Course, str]]:
    """The end for which there is no room, dead at each of its calls, before it and after it."""
    for after in (False, True):
        for number in range(1, 200):
            course, session_id = filled(listed, foreign)
            if not died(course, session_id, number, after=after):
                assert course.full
                assert number > 5, "nothing was ever at risk"
                break
            yield course, session_id


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("room", FOREIGN)
def test_nobody_is_let_in_again_wherever_the_making_of_room_dies(listing: str, room: str) -> None:
    for later in LATER:
        for course, session_id in cut_short(LISTINGS[listing], FOREIGN[room]):
            course.pass_time(later)
            course.clear()
            course.end(session_id)
            # Then the role fills up once more.
            course.end(course.fill())
            course.run_out()


@pytest.mark.parametrize("listing", LISTINGS)
def test_nobody_is_let_in_again_if_it_dies_and_nobody_tries_again(listing: str) -> None:
    for course, _ in cut_short(LISTINGS[listing], FOREIGN["room for some"]):
        course.run_out()


def another_end(course: Course) -> None:
    """Lent and ended since the first end was asked for, and long enough after that."""
    course.pass_time(timedelta(seconds=3))
    session_id = course.lend()
    course.pass_time(timedelta(seconds=3))
    course.end(session_id)


def two_more_ends(course: Course) -> None:
    another_end(course)
    another_end(course)


def the_clearing(course: Course) -> None:
    course.pass_time(timedelta(minutes=5))
    course.clear()


def an_end_for_which_there_is_room_again(course: Course) -> None:
    """So it has a deny of its own, on a lease that is younger than the end at hand."""
    the_clearing(course)
    another_end(course)


OTHERS = (another_end, two_more_ends, the_clearing, an_end_for_which_there_is_room_again)


def overtaken(
    listed: Listing, foreign: int, other: Callable[[Course], None]
) -> Iterator[tuple[Course, str]]:
    """Another acts before each of its calls; and it dies at each third one after that, or not."""
    for where in range(1, 200):
        for dies in (0, *range(where, 200, 3)):
            course, session_id = filled(listed, foreign)

            def meanwhile(course: Course = course) -> None:
                other(course)

            course.fuse.arm(dies, after=True, meanwhile=meanwhile, meanwhile_at=where)
            with suppress(Died):
                course.end(session_id)
            reached, dead = course.fuse.count, course.fuse.dead
            course.fuse.disarm()
            if reached < where:
                return
            if dies and not dead:
                break
            yield course, session_id


@pytest.mark.parametrize("listing", LISTINGS)
@pytest.mark.parametrize("other", OTHERS)
def test_nobody_is_let_in_again_whoever_comes_in_between(
    listing: str, other: Callable[[Course], None], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    for room in ("room for packs", "room for some"):
        for course, session_id in overtaken(LISTINGS[listing], FOREIGN[room], other):
            tried += 1
            course.pass_time(timedelta(seconds=1))
            assert course.end(session_id)
            course.run_out()
    with capsys.disabled():
        sys.stdout.write(f"\n{tried} crashes and races\n")
    assert tried >= 50


def test_what_is_lent_after_the_making_of_room_works() -> None:
    course = Course(sorted, FOREIGN["room for some"])
    assert course.end(course.fill())
    assert course.full
    course.pass_time(timedelta(seconds=3))
    assert not course.role.refuses(new_id(NOON), issued=course.role.now)
