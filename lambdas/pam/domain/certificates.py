"""The certificates by which the servers of databases are known."""

LONGEST_CERTIFICATES = 256 * 1024
"""Bytes of PEM; each lease of a database carries them. All of RDS's regions together have about
two thirds of that.
"""
