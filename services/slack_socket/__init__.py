"""The host of the socket: brings what people do in Slack to PAM, and PAM's answer back.

A pipe, and no more: it holds the app-level token, which can open connections and nothing else, and
the right to call one route of the Slack API. It knows no person, no session and no table.
"""
