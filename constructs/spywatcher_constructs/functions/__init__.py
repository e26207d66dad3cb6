"""The code of Lambda functions.

`redis_rotation` and `postgres_rotation` are one function each, and `secret_rotation` is a part of
both.
"""
