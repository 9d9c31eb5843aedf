"""What others do with the same lines, beside us in the same run."""
