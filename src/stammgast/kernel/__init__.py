"""What every module stands on: settings, clock, errors, log, state, history, timers, manifests."""
