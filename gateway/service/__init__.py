"""The process: configuration, journal, control socket, commands, composition. See README.md."""
