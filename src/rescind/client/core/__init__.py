"""All that the two clients share: what is asked, what answers mean, when it is asked again.

Nothing here does I/O or knows httpx. What takes more than one request is a generator that yields
each `Call` and is sent what came of it, so that the blocking client and the one for asyncio cannot
behave differently: they only carry calls out.
"""
