"""A real Apache Kafka on this machine, for one person, a demo or a test.

One broker that is also its controller, listening on loopback only. Neither Java nor Maven nor
Docker need be there: Kafka's files come from Maven's repository and Java from a Python package
(the extra ``local``). It is no cluster to run a business on: one copy of the data, one disk.

Import its modules, not this package: every command asks `state` where the broker is, and only
who starts one needs the rest.
"""
