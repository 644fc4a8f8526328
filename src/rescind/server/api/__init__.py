"""The HTTP API: what people and programs without a Kafka client ask by, under ``/api/v1``.

It decides nothing. A cancel goes to Kafka as anybody's does, and its answer is the journal's;
what is read comes from the read model. Everything that is wrong is told as a problem (RFC 9457).
"""
