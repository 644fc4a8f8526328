"""Measurements, printed with the target and the ratio. Never part of a test.

`python -m benchmarks` runs all of them, `python -m benchmarks transition told` some. Each run
is written as JSON with machine, versions, date and seed, and the table in
`docs/explanation/performance.md` is made from such a file alone.

Machines are noisy, and the broker, the load and the service share this one: so a ratio is taken
within one run, rounds alternate, and every figure says how many samples it has. Load comes from
processes of its own and by the clock (an open loop): a slow answer never delays the next
question, or the worst would not be measured.
"""
