"""The command `preflight`: checks what no template shows before a deployment.

Each module holds the checks of one kind. A check is a function that takes a session and the
settings of a stage, and returns rows. It only reads, with the permissions of the administrators'
role (stacks/security/preflight_policy.py).
"""
