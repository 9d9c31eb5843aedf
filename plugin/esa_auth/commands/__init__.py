"""The subcommands: argv in, exit code out."""
