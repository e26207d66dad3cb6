"""Rotates passwords of PostgreSQL users for Secrets Manager.

The asset contains pg8000, a driver without compiled code, and the packages that it needs. The
Lambda runtime includes boto3.
"""
