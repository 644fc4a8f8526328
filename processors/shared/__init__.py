"""What pipelines and agents share: the way to Kafka, signatures, time, whose turn it is."""
