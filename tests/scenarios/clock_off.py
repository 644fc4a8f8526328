"""A module as ``python -m`` runs it, in a process whose wall clock is off by so many seconds.

    python -m tests.scenarios.clock_off SECONDS MODULE ARGUMENT...

What Python's `time` says is off, and so what Kafka's client and Faust stamp; the broker's clock is
that of the machine.
"""

import runpy
import sys
import time

if __name__ == "__main__":
    seconds, module = float(sys.argv[1]), sys.argv[2]
    true_time, true_time_ns = time.time, time.time_ns
    time.time = lambda: true_time() + seconds
    time.time_ns = lambda: true_time_ns() + round(seconds * 1e9)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
