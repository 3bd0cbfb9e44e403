"""Tests that leave objects behind, and one that does not. Run with `--unfreed=session`, not collected by itself."""

import threading

import pytest

KEPT = []


class Session:
    pass


class Client:
    pass


@pytest.fixture(scope="module")
def client():
    return Client()


@pytest.mark.parametrize("number", range(15))
def test_keeps(number):
    KEPT.append(Session())


def test_keeps_nothing():
    assert Session() is not None


def test_with_a_client(client):
    assert client is not None


def test_opens(tmp_path):
    KEPT.append(open(str(tmp_path / "file"), "w"))


def test_joins():
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
