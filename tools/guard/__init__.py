"""Stops a deploy that would replace or delete a resource that holds data.

It compares the templates that are deployed, or those of a git revision, with the synthesized ones,
by the create-only properties of the registry's schemas. What to do about a finding stands in
docs/runbooks/replacement-guard.md.
"""
