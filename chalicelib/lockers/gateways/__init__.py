"""Ways out of lockers: cabinets, the registry of devices, the keeper of keys, and the API itself."""
