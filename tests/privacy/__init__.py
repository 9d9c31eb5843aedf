"""Nothing that is written holds a name, or what is likely a password."""
