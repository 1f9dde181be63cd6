"""What is checked: one function per sentence of the protocol, in the order in which they run."""
