"""How a client of aiokafka is started, spoken to where its interface ends, and heard in a log."""
