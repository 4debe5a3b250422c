"""The collector's parts: who may send, what the body holds, what must not be stored, what is answered."""
