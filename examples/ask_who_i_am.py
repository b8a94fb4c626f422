"""Asks a database who one is: `pam exec core-reporting-db -- python examples/ask_who_i_am.py`.

Nothing here knows PAM: libpq finds the login as it finds any, and verifies the server.
"""

import psycopg

with psycopg.connect() as connection:
    print(*connection.execute("SELECT current_user, current_database()").fetchone() or ())
