"""What is put on a service that is measured: requests, backlogs, and loops to compare with."""
