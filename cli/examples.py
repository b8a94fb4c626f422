"""What to type, for the help of each command: lines that work as they stand, names apart."""

from collections.abc import Mapping

_ID = "01M7XKKX57"
"""The beginning of an id is enough."""

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "request": (
        "pam request core-ledger-admin --reason 'ledger stuck since 02:00' --for 30m --wait",
        "pam request core-ledger-db --reason 'restore the index' --ticket INC-4711",
        "pam request core-ledger-admin --reason 'payments are down' --break-glass",
        "pam request --like last --for 1h",
    ),
    "approve": (f"pam approve {_ID}", f"pam approve {_ID} --for 15m --comment 'as discussed'"),
    "deny": (f"pam deny {_ID} --comment 'not during the batch'",),
    "confirm": (f"pam confirm {_ID}",),
    "review": (f"pam review {_ID} --justified --comment 'INC-4711 bears it out'",),
    "revoke": (
        f"pam revoke {_ID} --reason 'laptop stolen'",
        f"pam revoke {_ID} --reason 'laptop stolen' --block 24h",
        "pam revoke --person alice --reason 'laptop stolen' --dry-run",
    ),
    "end": (f"pam end {_ID}", "pam end core-ledger-admin"),
    "block": (
        "pam block alice --reason 'laptop stolen'",
        "pam block alice --reason 'on leave' --for 24h --resource core-ledger-admin",
    ),
    "blocklist list": ("pam blocklist list",),
    "blocklist lift": ("pam blocklist lift alice --reason 'laptop found'",),
    "list": (
        "pam list --mine --open",
        "pam list --status pending,active --since 24h",
        "pam list --resource core-ledger-admin --since 2026-01-31 -o csv > sessions.csv",
        "pam list --active --watch",
    ),
    "show": (f"pam show {_ID}", f"pam show {_ID} --watch", "pam show last"),
    "inbox": ("pam inbox", "pam inbox -o name"),
    "whoami": ("pam whoami",),
    "check": (
        "pam check core-ledger-admin",
        "pam check core-ledger-admin --principal alice --json",
    ),
    "resources": ("pam resources", "pam resources --json"),
    "credentials": (
        f'eval "$(pam credentials {_ID})"',
        f"pam credentials {_ID} --format process",
    ),
    "configure": (
        "pam configure core-ledger-admin",
        "pam configure core-ledger-admin --profile-name ledger --profile alice",
    ),
    "console": (f"pam console {_ID}", "pam console core-ledger-admin --print"),
    "login": ("pam login", "pam login --profile alice"),
    "doctor": ("pam doctor", "pam doctor --json"),
    "exec": (
        f"pam exec {_ID} -- aws sts get-caller-identity",
        "pam exec core-ledger-db -- psql",
        "pam exec last",
    ),
    "link slack": ("pam link slack CODE",),
    "unlink": ("pam unlink slack:T0123/U0456",),
    "audit show": (f"pam audit show {_ID}",),
    "audit export": (
        "pam audit export trail --from 2026-01-01 --to 2026-04-01",
        f"pam audit export trail --session {_ID}",
    ),
    "audit verify": ("pam audit verify trail --key SHA256:...", "pam audit verify --from 24h"),
    "audit report": (
        "pam audit report --from 2026-01-01 --to 2026-04-01 --format csv > quarter.csv",
        "pam audit report --from 24h --who alice",
    ),
    "audit erase": (f"pam audit erase {_ID}",),
    "policy check": ("pam policy check --strict", "pam policy check --policy-dir policy"),
    "policy explain": (
        "pam policy explain alice core-ledger-admin",
        "pam policy explain alice core-ledger-admin --break-glass",
    ),
    "local up": ("pam local up",),
    "local down": ("pam local down",),
    "local status": ("pam local status",),
}
