"""A line card on a serial port: a microcontroller that has the telephone's electronics."""

from gateway.hardware.serial_card.driver import SerialLine

__all__ = ["SerialLine"]
