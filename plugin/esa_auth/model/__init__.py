"""What the stages hand on: facts, sessions, documents, dead letters, counters."""
