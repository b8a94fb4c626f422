"""Whether PAM may lend this group to this user: each reason against it, with what to do."""

from pam.domain.free_text import named
from pam.okta.api import Organisation, User
from pam.okta.errors import Gone

_MOST_RULES = 3


class Unfit(Exception):
    """Nothing was made, and nothing will be while that stands."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


def user_of_id(okta: Organisation, user_id: str) -> User:
    """Raises Unfit."""
    try:
        user = okta.user(user_id)
    except Gone:
        message = f"there is no user {named(user_id)} at Okta"
        raise Unfit(message) from None
    if user.user_id != user_id:
        message = f"{named(user_id)} is no id of a user at Okta"
        raise Unfit(message)
    return user


def user_of_login(okta: Organisation, login: str) -> User:
    """Who signs in by exactly this name. Raises Unfit. Okta also finds people by the part before
    the @, if only one has it: that may be another person tomorrow.
    """
    try:
        user = okta.user(login)
    except Gone:
        message = f"there is no user at Okta who signs in as {named(login)}"
        raise Unfit(message) from None
    if not _signs_in_as(user, login):
        message = f"nobody at Okta signs in as {named(login)}, to the letter"
        raise Unfit(message)
    return user


def _signs_in_as(user: User, login: str) -> bool:
    return login.isascii() and user.login.lower() == login.lower()


def check_same(user: User, listed: str | None, login: str) -> None:
    """Whether whom PAM noted is whom it would find now. Raises Unfit."""
    same = user.user_id == listed if listed else _signs_in_as(user, login)
    if not same:
        message = (
            f"another user is noted for the session, {user.user_id}: somebody was renamed, or "
            "changed what PAM noted; ask for it anew"
        )
        raise Unfit(message)


def check_user(user: User) -> None:
    """Raises Unfit. Nobody but who may sign in is given access: one who is staged or suspended now
    would have it whenever they come back.
    """
    if user.status != "ACTIVE":
        message = f"user {user.user_id} is {named(user.status)} at Okta, and not ACTIVE"
        raise Unfit(message)


def check_group(okta: Organisation, group: str, *, may_carry_admin_role: bool) -> None:
    """Raises Unfit."""
    try:
        kind = okta.group_type(group)
    except Gone:
        message = f"there is no group {group} at Okta"
        raise Unfit(message) from None
    if kind != "OKTA_GROUP":
        message = (
            f"group {group} is of type {named(kind)}: only a group of Okta's own (OKTA_GROUP) "
            "takes and gives up members by PAM's word"
        )
        raise Unfit(message)
    rules = okta.rules_feeding(group)
    if rules:
        told = ", ".join(rules[:_MOST_RULES])
        message = f"group {group} is fed by a group rule ({told}), which would undo an end"
        raise Unfit(message)
    if not may_carry_admin_role and okta.has_admin_roles(group):
        message = (
            f"group {group} carries an admin role over Okta itself: lend another group, or say "
            "carries_admin_role in the catalogue"
        )
        raise Unfit(message)
