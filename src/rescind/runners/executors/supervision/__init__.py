"""One process that looks after one attempt at a time, and after everything that it starts.

::

    runner ── socket ── supervisor ──fork── worker ── what the work starts
    (many threads)      (one thread,        (own session; the call,
                         adopts orphans)     or the command itself)

The supervisor has one thread and runs no user code, so it always answers, may fork safely (the
runner may not: other threads hold locks), and stays when the work crashes. It is the parent of
every orphan below it, so a process that leaves its session and its parent is found all the same.
When the runner is gone it kills the tree and leaves: `kill -9` of a runner leaves nothing behind.

An attempt owns its tree. It has ended when its worker *and* all that it started have: what is left
behind gets SIGTERM, then SIGKILL, and stands in the evidence (systemd does so with services).
"""
