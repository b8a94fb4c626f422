"""The names by which Slack says what was pressed, chosen or sent off. They never change their
meaning: old messages keep their buttons.
"""

APPROVE, DENY, SHORTER = "pam.approve", "pam.deny", "pam.shorter"
"""Buttons under a request. The last two open modals, whose callbacks have the same names."""
END, SHOW, REQUEST = "pam.end", "pam.show", "pam.request"
"""Buttons of Home. The last opens the form, whose callback has the same name."""

RESOURCE, REASON, TICKET = "resource", "reason", "ticket"
DURATION, BREAK_GLASS, COMMENT = "duration_seconds", "break_glass", "comment"
"""Inputs, by the names that the fields have in the API: so its faults find their input."""
