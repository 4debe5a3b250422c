"""Our own copy of analytics.js: served so that nothing is loaded from, or sent to, anybody else's host."""
