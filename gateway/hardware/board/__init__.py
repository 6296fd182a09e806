"""The board itself: which one it is, what it uses its pins for, whether its supply suffices."""
