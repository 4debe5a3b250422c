"""What an event does not say about itself but lets us know: device, country, campaign, referrer, channel, staff."""
