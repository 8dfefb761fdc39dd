"""One warm process for all tests here."""

import pytest

from autograder.sandbox.limits import Limits
from autograder.sandbox.session import Session, Warm
from autograder.sandbox.walls import NoWall, choose

LIMITS = Limits(cell_seconds=4, notebook_seconds=90, memory_mb=600, work_mb=20, processes=64, flood_bytes=8_000_000,
                output_bytes=100_000, cell_bytes=300_000, notebook_bytes=3_000_000, message_bytes=2_000_000, restarts=20)


@pytest.fixture(scope="session", params=["bwrap", "userns"])
def warm(request):
    """A warm process behind each wall that is to hold on a machine like this one."""
    try:
        wall = choose(only=request.param)
    except NoWall as error:
        pytest.skip(f"{request.param} does not hold here: {error}")
    warm = Warm(wall, ["numpy", "pandas", "xarray", "dla_widgets.exercise"], LIMITS)
    yield warm
    warm.close()


@pytest.fixture
def session(warm):
    with Session(lambda: warm) as session:
        yield session
