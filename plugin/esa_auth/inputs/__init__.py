"""Where lines come from: the only stage that reads from outside."""
