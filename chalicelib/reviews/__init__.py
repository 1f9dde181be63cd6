"""Reviews: cases that a person decides."""
