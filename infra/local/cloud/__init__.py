"""MiniStack with the gaps closed that this project would fall into.

This package runs in the emulator's own virtual environment, so it imports the standard library and MiniStack only.
Each module closes one gap, says which in its docstring, and has an `install()`.
"""

MINISTACK_VERSION = "1.5.33"
