"""Rotates the AUTH token of an ElastiCache replication group for Secrets Manager.

The Lambda runtime includes boto3. The rest is Python's standard library.
"""
