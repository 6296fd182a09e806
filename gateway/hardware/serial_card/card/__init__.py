"""The reference line card: runs under MicroPython on a Pico, and under CPython in the tests."""
