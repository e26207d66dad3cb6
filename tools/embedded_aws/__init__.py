"""The embedded AWS: the whole application deployed on a laptop, without an account.

`server` hosts an AWS emulator (ministack) in one process that listens on 127.0.0.1 only. The
other modules fill in what the emulator lacks, so that the unmodified CDK CLI bootstraps, deploys,
diffs and destroys every stage against it, and fails where AWS would fail.
"""
