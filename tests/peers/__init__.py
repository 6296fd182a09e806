"""Programs that stand at the other end of the call, independent of the gateway's own code."""
