"""The code of Lambda functions. Each folder is one function, and has no dependencies to build."""
