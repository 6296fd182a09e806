"""Other people's receivers, which say whether what we send can be understood."""
