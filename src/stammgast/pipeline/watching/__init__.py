"""The profile stage: whole profiles, handed to the modules' watchers apart from the batches."""
