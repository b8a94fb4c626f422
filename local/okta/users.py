"""People: who they are, what they are members of, and the end of their sessions."""

from local.okta import shapes
from local.okta.answers import Answer
from local.okta.asked import Asked


def get(asked: Asked) -> Answer:
    return Answer(content=shapes.user(asked.user("id"), asked.base_url))


def list_groups(asked: Asked) -> Answer:
    user = asked.user("id")
    found = [
        shapes.group(group, asked.base_url)
        for group in asked.directory.groups.values()
        if user.id in asked.members_seen(group.id, "listUserGroups")
    ]
    return asked.page(found, usual=200, most=200)


def revoke_sessions(asked: Asked) -> Answer:
    """`forgetDevices` is true unless said otherwise: the next sign-in needs a second factor."""
    user = asked.user()
    user.sessions.clear()
    if asked.flag("oauthTokens", default=False):
        user.tokens.clear()
    if asked.flag("forgetDevices", default=True):
        user.remembered = False
    asked.log.sessions_ended(asked.app, user, at=asked.now)
    return Answer(status=204)
