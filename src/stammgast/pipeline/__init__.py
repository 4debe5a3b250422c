"""The worker: from the log to profiles and history. `runner` turns, `batch` computes, `commit` keeps, `sender` delivers."""
