"""Virtual locker cabinets: the device's side of the protocol, written on its own so that it can disagree with the server's.

`python -m infra.local.lockers` runs a fleet of them against the local cloud; tests take `VirtualCabinet` from `cabinet.py`.
"""
