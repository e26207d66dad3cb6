"""The error of the pipeline's commands."""


class PipelineError(Exception):
    """The stage must not be deployed by the pipeline. The text is shown to the user."""
