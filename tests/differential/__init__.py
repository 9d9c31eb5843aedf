"""The program against a slow joiner that shares no code with it."""
