"""Topics: what many texts are about, across languages, with identities that last."""
