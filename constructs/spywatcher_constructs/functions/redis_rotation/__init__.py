"""Rotates the AUTH token of an ElastiCache replication group for Secrets Manager.

Lambda's runtime brings boto3; everything else is Python's own.
"""
