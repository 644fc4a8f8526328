"""Asking the service for something and hearing its answer: by Kafka alone, as any producer can."""
