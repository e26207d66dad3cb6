"""The replacement guard, which stops a deployment that would lose data or be refused.

It compares the deployed templates, or those of a git revision, with the synthesized ones. The
resource schemas of the CloudFormation registry say which properties are create-only: CloudFormation
replaces a resource when one of them changes. A finding is a resource whose data would be lost. A
refusal is a change that CloudFormation or the API server of the cluster would not make.
docs/runbooks/replacement-guard.md says what to do about each.
"""
