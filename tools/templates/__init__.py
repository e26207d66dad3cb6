"""What CloudFormation works on: the registry's resource schemas and the CDK's cloud assemblies.

Shared by the embedded AWS, which creates by the schemas, and by the commands that read templates.
"""
