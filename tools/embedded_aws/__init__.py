"""The embedded AWS: an emulator of AWS on this machine, to which a whole stage can be deployed.

`server` runs the emulator (ministack) in one process that listens on 127.0.0.1 only.
`cloudformation` and `kubernetes` add what the emulator lacks. With them the unmodified CDK CLI
bootstraps, deploys, compares and destroys every stage, and fails where it would fail on AWS. The
other modules are the commands that start and use the embedded AWS.
"""
