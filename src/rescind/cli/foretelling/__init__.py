"""What a cancel would do, by the rule and in the words of the API: of the extra `service`."""
