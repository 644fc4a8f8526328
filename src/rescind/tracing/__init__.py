"""Traces: which span a cancel belongs to, from whoever asks to the last report of its end."""
