"""Listening tools for tests: G.711, alignment, comparison, DTMF decoding, speech material.

They share no code with the product, so that they can judge it.
"""
