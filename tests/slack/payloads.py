"""What Slack sends, written after the examples in its documentation (docs.slack.dev/reference):
`interaction-payloads`, `events`, and slash commands under `interactivity`.
"""

from typing import Any

SESSION = "01KJM3S3JTAAAAAAAAAAAAAAAA"
USER: dict[str, Any] = {
    "id": "U012AB3CD",
    "username": "bob",
    "name": "bob",
    "team_id": "T012AB3C4",
}
TEAM: dict[str, Any] = {"id": "T012AB3C4", "domain": "bank"}

COMMAND: dict[str, str] = {
    "token": "gIkuvaNzQIHg97ATvDxqgjtO",
    "team_id": "T012AB3C4",
    "team_domain": "bank",
    "channel_id": "C2147483705",
    "channel_name": "core-access",
    "user_id": "U012AB3CD",
    "user_name": "bob",
    "command": "/jit",
    "text": "core-ledger-admin 30m the ledger is stuck",
    "response_url": "https://hooks.slack.com/commands/1234/5678",
    "trigger_id": "13345224609.738474920.8088930838d88f008e0",
    "api_app_id": "A123456",
    "is_enterprise_install": "false",
}

CLICK: dict[str, Any] = {
    "type": "block_actions",
    "team": TEAM,
    "enterprise": None,
    "user": USER,
    "api_app_id": "A123456",
    "token": "9s8d9as89d8as9d8as989",
    "container": {
        "type": "message",
        "message_ts": "1548261231.000200",
        "channel_id": "CBR2V3XEX",
        "is_ephemeral": False,
    },
    "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
    "channel": {"id": "CBR2V3XEX", "name": "core-access"},
    "message": {"bot_id": "BAH5CA16Z", "type": "message", "text": "x", "ts": "1548261231.000200"},
    "response_url": "https://hooks.slack.com/actions/AABA1ABCD/1232321423432/D09sSasdasdAS9091209",
    "actions": [
        {
            "action_id": "pam.approve",
            "block_id": "pam.1.7.aaaaaaaaaaaa",
            "text": {"type": "plain_text", "text": "Approve", "emoji": False},
            "value": SESSION,
            "type": "button",
            "action_ts": "1548426417.840180",
        }
    ],
}

HOME_CLICK: dict[str, Any] = {
    **{name: CLICK[name] for name in ("type", "team", "enterprise", "user", "trigger_id")},
    "container": {"type": "view", "view_id": "VMHU10V25"},
    "view": {"id": "VMHU10V25", "type": "home", "hash": "1573244800.1aaaaaaa"},
    "actions": [{**CLICK["actions"][0], "action_id": "pam.end"}],
}

SUBMISSION: dict[str, Any] = {
    "type": "view_submission",
    "team": TEAM,
    "user": USER,
    "trigger_id": "12466734323.1395872398",
    "view": {
        "id": "VNHU13V36",
        "type": "modal",
        "hash": "1569362015.55b5e41b",
        "callback_id": "pam.request",
        "private_metadata": "",
        "state": {
            "values": {
                "resource": {
                    "resource": {
                        "type": "static_select",
                        "selected_option": {
                            "text": {"type": "plain_text", "text": "Core ledger"},
                            "value": "core-ledger-admin",
                        },
                    }
                },
                "reason": {"reason": {"type": "plain_text_input", "value": "ledger <stuck> & up"}},
                "duration_seconds": {
                    "duration_seconds": {"type": "plain_text_input", "value": "30m"}
                },
                "ticket": {"ticket": {"type": "plain_text_input", "value": None}},
                "break_glass": {
                    "break_glass": {
                        "type": "checkboxes",
                        "selected_options": [
                            {"text": {"type": "plain_text", "text": "y"}, "value": "yes"}
                        ],
                    }
                },
            }
        },
    },
}

CLOSED: dict[str, Any] = {
    "type": "view_closed",
    "team": TEAM,
    "user": USER,
    "view": {"id": "VNHU13V36", "callback_id": "pam.deny", "hash": "1569362015.55b5e41b"},
    "is_cleared": False,
}

SUGGESTION: dict[str, Any] = {
    "type": "block_suggestion",
    "team": TEAM,
    "user": USER,
    "action_id": "resource",
    "block_id": "resource",
    "value": "ledg",
}

SHORTCUT: dict[str, Any] = {
    "type": "shortcut",
    "team": TEAM,
    "user": USER,
    "callback_id": "pam.request",
    "trigger_id": "944799105734.773906753841.38b5894552bdd4a780554ee59d1f3638",
    "action_ts": "1581106241.371594",
}


def event(inner: dict[str, Any], **outer: Any) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "token": "XXYYZZ",
        "team_id": "T012AB3C4",
        "api_app_id": "A123456",
        "event_id": "Ev123ABC456",
        "event_time": 1234567890,
        "event": inner,
        **outer,
    }


HOME_OPENED = event(
    {
        "type": "app_home_opened",
        "user": "U012AB3CD",
        "channel": "D123ABC456",
        "event_ts": "1515449522000016",
        "tab": "home",
        "view": {"id": "VPASKP233", "hash": "1231232323.12321312"},
    }
)
REACTION = event(
    {
        "type": "reaction_added",
        "user": "U012AB3CD",
        "reaction": "white_check_mark",
        "item_user": "U222222222",
        "item": {"type": "message", "channel": "C123ABC456", "ts": "1464196127.000002"},
        "event_ts": "1465244570.336841",
    }
)
URL_VERIFICATION = {
    "token": "Jhj5dZrVaK7ZwHHjRyZWjbDl",
    "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
    "type": "url_verification",
}
