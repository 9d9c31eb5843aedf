"""What is added to events, and the files that it is looked up in."""
