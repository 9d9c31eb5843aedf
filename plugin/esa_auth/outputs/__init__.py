"""Where events go: the only stage that writes to the outside."""
