"""What the commands show on a terminal. Only the CLI imports this: it loads rich."""
