"""What a runner says: put in words, checked, and kept in order until Kafka has it."""
