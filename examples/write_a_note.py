"""Writes an object and reads it: `pam exec core-ledger-admin -- python examples/write_a_note.py`.

Nothing here knows PAM: boto3 finds the session's credentials as it finds any.
"""

import os

import boto3

bucket = boto3.resource("s3").Bucket(os.environ["LEDGER_BUCKET"])
bucket.put_object(Key="note", Body=b"the ledger runs again")
print(bucket.Object("note").get()["Body"].read().decode())
