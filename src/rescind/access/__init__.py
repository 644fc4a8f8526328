"""Who may ask the service over HTTP: tokens, kept in Kafka, where a cancel goes as well."""
