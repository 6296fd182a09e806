"""A line card on a serial port: a microcontroller that has the telephone's electronics."""
