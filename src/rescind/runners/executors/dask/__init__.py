"""Work on a Dask cluster: `executor` is it, and the rest is said from there down.

`link` is the client, `owned` a cluster of our own, `members` what its processes do, `calling` what
happens on any worker. Needs the extra ``dask``; imported only where `DaskExecutor` is asked for.
"""
