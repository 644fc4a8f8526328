"""What is read from Kafka: committed records only, and without a consumer group."""
