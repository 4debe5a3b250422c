"""Collection API, event catalogue, enrichment, receipts, quarantine, import."""
