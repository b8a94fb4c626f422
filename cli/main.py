"""`pam`: the whole command line on one screen.

Commands import what is slow (botocore, Rich, Cedar) inside their functions, so that help comes at
once. `root.py` makes one line and an exit code of every failure; `problems.py` says which.
"""

from cli import invocation
from cli.commands import (
    audit,
    audit_export,
    audit_verify,
    blocklist,
    catalogue,
    credentials,
    end,
    execute,
    inbox,
    links,
    local_slack,
    local_stack,
    policy,
    request,
    review,
    revoke,
    sessions,
    vote,
)
from cli.help import App, Command, Group
from cli.root import Root

_EPILOG = """
PAM_ENV: the environment, like --env. PAM_API_URL: the request API itself, like --api-url.
PAM_TRACEBACK=1: show where an internal error came from.

`pam COMMAND --help` has examples.
"""


class Exec(execute.AfterDashes, Command):
    """`pam exec`, with help like every other."""


def _group(about: str) -> App:
    return App(cls=Group, help=about, no_args_is_help=True, rich_markup_mode=None)


app = App(
    cls=Root,
    callback=invocation.root,
    epilog=_EPILOG,
    no_args_is_help=True,
    # Rich's help would double the time until it is on the screen.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("request")(request.request)
app.command("approve")(vote.approve)
app.command("deny")(vote.deny)
app.command("confirm")(vote.confirm)
app.command("review")(review.review)
app.command("revoke")(revoke.revoke)
app.command("end")(end.end)
app.command("block")(blocklist.block)
app.command("list")(sessions.list_sessions)
app.command("show")(sessions.show)
app.command("credentials")(credentials.credentials)
app.command("exec", cls=Exec)(execute.execute)
app.command("inbox")(inbox.inbox)
app.command("whoami")(inbox.whoami)
app.command("check")(catalogue.check)
app.command("resources")(catalogue.resources)

link_app = _group("Principals of other surfaces that act as you.")
link_app.command("slack")(links.slack)
app.add_typer(link_app, name="link")
app.command("unlink")(links.unlink)

blocklist_app = _group("Who is blocked.")
blocklist_app.command("list")(blocklist.list_blocks)
blocklist_app.command("lift")(blocklist.lift)
app.add_typer(blocklist_app, name="blocklist")

audit_app = _group("The audit trail.")
audit_app.command("show")(audit.show)
audit_app.command("export")(audit_export.export)
audit_app.command("verify")(audit_verify.verify)
audit_app.command("erase")(end.erase)
app.add_typer(audit_app, name="audit")

policy_app = _group("The policy files, offline.")
policy_app.command("check")(policy.check)
policy_app.command("explain")(policy.explain)
app.add_typer(policy_app, name="policy")

local_app = _group("The stack on this machine.")
local_app.command("up")(local_stack.up)
local_app.command("down")(local_stack.down)
local_app.command("status")(local_stack.status)
slack_app = _group("The Slack beside it: look, type and click as each of its people.")
slack_app.command("channels")(local_slack.channels)
slack_app.command("show")(local_slack.show)
slack_app.command("click")(local_slack.click)
slack_app.command("type")(local_slack.type_)
slack_app.command("form")(local_slack.form)
slack_app.command("submit")(local_slack.submit)
slack_app.command("home")(local_slack.home)
slack_app.command("press")(local_slack.press)
slack_app.command("react")(local_slack.react)
local_app.add_typer(slack_app, name="slack")
app.add_typer(local_app, name="local")

if __name__ == "__main__":
    app()
