"""The hosted rotation functions of Secrets Manager for PostgreSQL.

AWS says that its hosted functions are created from the templates in the repository
aws-samples/aws-secrets-manager-rotation-lambdas ("AWS Secrets Manager rotation function
templates"). `aws_samples` holds the two templates that the data stack uses, unchanged, as of commit
b4b8eca of 2025-02-25. Their licence is MIT-0. `pygresql` is the part of PyGreSQL that they import.
"""
