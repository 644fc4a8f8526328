"""A whole service on one machine: a real Kafka, a worker, agents, started, watched and ended."""
