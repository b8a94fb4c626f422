"""`pam`: the whole command line on one screen.

A command's module is loaded when the command is meant, so that help comes at once; `lazy.py` does
that. `root.py` makes one line and an exit code of every failure; `problems.py` says which.
"""

from typing import ClassVar

import typer

from cli import invocation
from cli.lazy import Below, Commands, Named
from cli.root import Root

_EPILOG = """
PAM_ENV: the environment, like --env. PAM_API_URL: the request API itself, like --api-url.
PAM_TRACEBACK=1: show where an internal error came from.

`pam COMMAND --help` has examples.
"""

_LINK: Commands = {
    "slack": Named("links:slack", "Link your Slack user to yourself."),
}
_BLOCKLIST: Commands = {
    "list": Named("blocklist:list_blocks", "List who is blocked now (operators and auditors)."),
    "lift": Named("blocklist:lift", "Lift the blocks of a person (operators)."),
}
_AUDIT: Commands = {
    "show": Named(
        "audit:show",
        "Show the audit trail of a session, and check its chain (exit 1 if it is broken).",
    ),
    "export": Named(
        "audit_export:export",
        "Write the trail of a time, or of one session, into a directory that proves itself.",
    ),
    "verify": Named(
        "audit_verify:verify",
        "Prove an exported trail offline (exit 0), or name the first thing that is wrong (exit 1).",
    ),
    "report": Named(
        "audit_report:report",
        "Report on a time, a line a session: who had what, who voted, how it ended.",
    ),
    "erase": Named(
        "end:erase",
        "Forget the reason and the comments of a closed session; its records stay (operators).",
    ),
}
_POLICY: Commands = {
    "check": Named(
        "policy:check", "Check the policy files; the first fault is told with file and line."
    ),
    "explain": Named(
        "policy:explain",
        "Say whether somebody may ask for a resource, how many must approve, and by which "
        "policies.",
    ),
}
_SLACK_OF_THIS_MACHINE: Commands = {
    "channels": Named("local_slack:channels", "List the channels, and the direct messages."),
    "show": Named(
        "local_slack:show",
        "Show a channel's cards and threads, or what was said to one person, buttons numbered.",
    ),
    "click": Named("local_slack:click", "Press a button of a message."),
    "type": Named("local_slack:type_", "Type a command."),
    "form": Named(
        "local_slack:form",
        "Show what a person has before them: the form that is open, else the Home.",
    ),
    "submit": Named("local_slack:submit", "Fill in the form that is open, and send it off."),
    "home": Named("local_slack:home", "Open a person's Home."),
    "press": Named(
        "local_slack:press",
        "Press a button of the form, or of the Home, that the person has before them.",
    ),
    "react": Named("local_slack:react", "Add a reaction to a message."),
}
_LOCAL: Commands = {
    "up": Named("local_stack:up", "Start the local stack, and say how to use it."),
    "down": Named(
        "local_stack:down", "Stop everything that `pam local up` started, and nothing else."
    ),
    "status": Named("local_stack:status", "Say whether the local stack runs, and where."),
    "slack": Below(
        "The Slack beside it: look, type and click as each of its people.", _SLACK_OF_THIS_MACHINE
    ),
}
COMMANDS: Commands = {
    "request": Named("request:request", "Ask for access to a resource."),
    "approve": Named("vote:approve", "Approve a request."),
    "deny": Named("vote:deny", "Deny a request; one denial ends it."),
    "confirm": Named(
        "vote:confirm",
        "Stand by what a runbook asked for in your name, or you by Slack as an emergency: it "
        "begins only then.",
    ),
    "review": Named(
        "review:review",
        "Review a break-glass session: two who had no part in it must, one of them of its domain.",
    ),
    "revoke": Named(
        "revoke:revoke",
        "Take somebody's access away at once, and block them if asked to (operators).",
    ),
    "end": Named("end:end", "Give access back, or withdraw a request that still waits."),
    "block": Named(
        "blocklist:block", "Block a person, and end all that they have, at once (operators)."
    ),
    "list": Named("sessions:list_sessions", "List sessions, newest first."),
    "show": Named("sessions:show", "Show one session."),
    "credentials": Named("credentials:credentials", "Get credentials of an ACTIVE session."),
    "exec": Named(
        "execute:execute",
        "Run a command, or without one a shell, with the session's credentials and no others.",
        "AfterDashes",
    ),
    "configure": Named("configure:configure", "Write an AWS profile that borrows a resource."),
    "console": Named("console:console", "Open the AWS console with a session's access."),
    "inbox": Named("inbox:inbox", "Show what waits for you."),
    "login": Named("login:login", "Sign in with your profile, and see whom PAM takes you for."),
    "whoami": Named("inbox:whoami", "Show whom PAM takes you for."),
    "doctor": Named(
        "doctor:doctor",
        "Check all that pam needs, from your credentials to the API (exit 1 if anything is wrong).",
    ),
    "check": Named("catalogue:check", "Say whether somebody has access to a resource right now."),
    "resources": Named("catalogue:resources", "List what you may ask for."),
    "unlink": Named("links:unlink", "Undo a link of yours (operators: anybody's)."),
    "link": Below("Principals of other surfaces that act as you.", _LINK),
    "blocklist": Below("Who is blocked.", _BLOCKLIST),
    "audit": Below("The audit trail.", _AUDIT),
    "policy": Below("The policy files, offline.", _POLICY),
    "local": Below("The stack on this machine.", _LOCAL),
}


class Pam(Root):
    listed: ClassVar[Commands] = COMMANDS


app = typer.Typer(
    cls=Pam,
    callback=invocation.root,
    epilog=_EPILOG,
    no_args_is_help=True,
    # Rich's help would double the time until it is on the screen.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

if __name__ == "__main__":
    app()
