"""The client for asyncio: the same methods, awaited."""
