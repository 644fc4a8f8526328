"""What is written to Kafka: in order, and a batch of it whole or not at all."""
