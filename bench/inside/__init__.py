"""What runs inside the package as shipped, in a process of its own. `python -P -m bench.inside.<name>` with the package first
on PYTHONPATH, the settings on stdin as JSON, the result on the file descriptor that they name."""
