"""The account stack: what an AWS account has once, whatever stages share it."""
