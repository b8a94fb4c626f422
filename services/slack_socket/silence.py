"""The logger that Slack's library gets. At each level it writes payloads, tokens or addresses."""

import logging

SILENT = logging.Logger("slack_socket.silent", level=logging.CRITICAL + 1)
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
