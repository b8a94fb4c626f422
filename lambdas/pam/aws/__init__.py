"""Adapters on AWS: the only importers of boto3. Each implements one port."""
