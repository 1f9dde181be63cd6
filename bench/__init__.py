"""Benchmarks: `python -m bench` measures everything that docs/benchmarks.md says, in one run.

Each part is a module with `measure(ground) -> list[Figure]`. What runs inside the package as shipped is in `bench/inside/`:
those modules import nothing but the standard library, the package and each other.
"""
