"""A telephone without hardware: a shipped driver, worked through its handset."""

from gateway.hardware.simulated.driver import SimulatedLine
from gateway.hardware.simulated.handset import Handset, HandsetError

__all__ = ["Handset", "HandsetError", "SimulatedLine"]
