"""What operators do by hand, with checks around it. Talks to AWS, with the caller's credentials."""
