"""Corrections and additions to the CloudFormation of the emulator.

`registry` installs the handlers of the resource types. `properties` checks a resource's properties,
`attributes` generates its attributes, and `recorded` handles the types that the emulator lacks.
Each of the other modules corrects one behaviour in which ministack differs from AWS.
"""
