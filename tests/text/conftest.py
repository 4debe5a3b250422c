import pytest

from stammgast.text import analyse


@pytest.fixture(scope="session")
def read():
    """Return a function: text -> its reading."""
    return lambda text: analyse([text])[0]
