"""Asking the service for something and hearing what came of it: by Kafka alone, as anyone can.

The command and the HTTP API ask by this. `line` sends and hears, `outcomes` says what an answer
means.
"""
