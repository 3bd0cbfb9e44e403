"""What `unfreed.no_leaks`, `unfreed.expect_dead` and `unfreed.unittest` say, as plain `unittest` tests."""

from __future__ import annotations

import os
import unittest

import unfreed
import unfreed.unittest


class Session:
    """Something that should go."""


class App:
    """Something that stays."""

    def __init__(self):
        self.sessions = {}


APP = App()
KEPT: list[object] = []


class InCode(unittest.TestCase):
    """Blocks and functions."""

    def test_block_that_keeps(self):
        with self.assertRaisesRegex(AssertionError, r"1 \w+\.Session object, held by .*APP\.sessions\[7\]"):
            with unfreed.no_leaks():
                APP.sessions[7] = Session()

    def test_block_that_lets_go(self):
        with unfreed.no_leaks():
            local = {"session": Session()}
        self.assertTrue(local)

    def test_block_with_a_descriptor(self):
        with self.assertRaisesRegex(AssertionError, "1 descriptor still open"):
            with unfreed.no_leaks():
                descriptor = os.open(os.devnull, os.O_RDONLY)
        os.close(descriptor)

    def test_function_that_keeps(self):
        @unfreed.no_leaks()
        def keep(value):
            KEPT.append([value])

        with self.assertRaisesRegex(AssertionError, r"LEAK .*\.KEPT"):
            keep(1)

    def test_function_that_lets_go(self):
        @unfreed.no_leaks()
        def give(value):
            return [value]

        self.assertEqual(give(3), [3])

    def test_dead(self):
        session = Session()
        with unfreed.expect_dead(session):
            del session

    def test_alive(self):
        session = Session()
        with self.assertRaisesRegex(AssertionError, r"local variable session of test_alive\(\)"):
            with unfreed.expect_dead(session):
                pass

    def test_what_cannot_be_watched(self):
        with self.assertRaisesRegex(TypeError, "int cannot be watched"):
            unfreed.expect_dead(1)


class Mixed(unfreed.unittest.NoLeaks, unittest.TestCase):
    """Every test of it is repeated."""

    def test_that_keeps(self):
        KEPT.append({})

    def test_that_lets_go(self):
        self.assertTrue([1])

    def test_that_runs_once(self):
        self.assertNotIn("once", APP.sessions)
        APP.sessions["once"] = 1


class MixedTellsOfLeaks(unittest.TestCase):
    """The class above, run from here."""

    def test_results(self):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Mixed).run(result)
        self.assertEqual((result.testsRun, result.errors), (3, []))
        [(test, text)] = result.failures
        self.assertEqual(test.id().rpartition(".")[2], "test_that_keeps")
        self.assertIn("KEPT", text)


def load_tests(loader, tests, pattern):
    """Without the class that fails on purpose."""
    return unittest.TestSuite(map(loader.loadTestsFromTestCase, (InCode, MixedTellsOfLeaks)))
