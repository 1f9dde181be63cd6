"""A review case and its life, and until when it is to be decided."""
