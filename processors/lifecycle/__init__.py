"""From a batch of requests to the records of one transaction: nothing here waits or sends."""
