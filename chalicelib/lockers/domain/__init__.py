"""Sites, cabinets, pickups, passcodes and commands: values and rules."""
