"""What actors tell one another, one file per conversation."""
