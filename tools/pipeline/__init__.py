"""What the workflows need: the target of a stage, its protection in GitHub, and an assembly."""
