"""What the rotation functions have in common: the versions of a secret, and the four steps.

The Lambda runtime includes boto3. The rest is Python's standard library.
"""
