"""Whose partition is whose: the membership of a worker in the group, and its name there."""
