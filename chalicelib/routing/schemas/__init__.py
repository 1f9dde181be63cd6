"""What suppliers and the operator exchange with routing."""
