"""`esa-auth stream` on real brokers."""
