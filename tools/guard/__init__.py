"""The replacement guard, which stops a deployment that would lose data.

It compares the deployed templates, or those of a git revision, with the synthesized ones. The
resource schemas of the CloudFormation registry say which properties are create-only: CloudFormation
replaces a resource when one of them changes. docs/runbooks/replacement-guard.md says what to do
about each finding.
"""
