"""The read model for whoever operates it: asked at its database, without a server."""
