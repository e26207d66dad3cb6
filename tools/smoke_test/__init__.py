"""The smoke test: requests to a deployed stage from outside, which show that it serves users."""
