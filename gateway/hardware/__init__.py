"""Drivers: what moves a bell, a hook switch and samples. Only the service imports this package."""
