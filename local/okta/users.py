"""People: who they are, what they are members of, and the end of their sessions."""

from local.okta import shapes
from local.okta.answers import Answer
from local.okta.asked import Asked


def get(asked: Asked) -> Answer:
    return Answer(content=shapes.user(asked.user("id"), asked.base_url))


def list_groups(asked: Asked) -> Answer:
    """All of them at once: this listing has no pages."""
    user = asked.user("id")
    found = [
        shapes.group(group, asked.base_url)
        for group in asked.directory.groups.values()
        if user.id in asked.members_seen(group.id, "listUserGroups")
    ]
    return Answer(content=found)


def revoke_sessions(asked: Asked) -> Answer:
    """`forgetDevices` is true unless said otherwise: the next sign-in needs a second factor."""
    user = asked.user()
    with_tokens = asked.flag("oauthTokens", default=False)
    with_devices = asked.flag("forgetDevices", default=True)
    user.sessions.clear()
    if with_tokens:
        user.tokens.clear()
    if with_devices:
        user.remembered = False
    asked.log.sessions_ended(asked.app, user, at=asked.now)
    return Answer(status=204)
