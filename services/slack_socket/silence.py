"""The logger that Slack's library gets. At each level it writes payloads, tokens or addresses."""

import logging

SILENT = logging.getLogger("slack_socket.silent")
SILENT.setLevel(logging.CRITICAL + 1)
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
