"""The local cloud: AWS on this machine, with Aisle deployed into it.

`python -m infra.local up` is the entry point; docs/emulator.md is the guide.
"""
