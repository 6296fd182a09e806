"""A line circuit (SLIC) and a key tone decoder on the pins of a Raspberry Pi."""
