"""The forms that ask to cancel, and what they say would come of it."""
