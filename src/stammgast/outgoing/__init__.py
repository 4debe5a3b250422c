"""What leaves the house: mails and webhooks, at least once, each with its key, told on the timeline."""
