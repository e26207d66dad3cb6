"""Programs that work on templates and accounts. Nothing that is deployed imports them."""
