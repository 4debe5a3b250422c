"""ClickHouse's HTTP protocol over chDB, for installations that run no ClickHouse server."""
