"""Asking for cancels: the request, who asks, under which key, and what the answer says."""
