"""Trees of processes: whose child is whose, and how to end all of them and see that none is left.

Linux only, by ``/proc``, ``prctl`` and cgroups. Nothing here knows of work or executors.
"""
