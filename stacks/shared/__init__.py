"""Base class, names, tags, permissions and constructs that several stacks use."""
