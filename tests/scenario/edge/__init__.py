"""The gateway as a provider's customer: registered at an edge, called and calling through it."""
