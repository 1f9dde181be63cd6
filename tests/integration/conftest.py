"""What runs beside what, when these tests, and those of workflows with them, are spread over processes."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays in one process, and what starts emulators as users do stays together: they look for free ports."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == "local_cloud" else str(item.path)))
