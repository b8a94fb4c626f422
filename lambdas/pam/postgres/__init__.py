"""Access to PostgreSQL databases: the only importers of the driver. Each implements a port.

Identifiers and literals are quoted by the driver; no statement is made by joining strings. No text
of the driver or the server leaves this package: it may quote what was sent.
"""
