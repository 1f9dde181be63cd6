"""Things that use Aisle from outside, as its users would."""
