"""What the embedded AWS's CloudFormation does beyond its emulator.

`registry` plugs everything in; `schemas`, `properties` and `attributes` know the resource types;
`recorded` stands in for those that are not emulated.
"""
