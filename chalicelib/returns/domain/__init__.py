"""Pure rules of returns: policies, what may come back, what became of it, and what it is worth."""
