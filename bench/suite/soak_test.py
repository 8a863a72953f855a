#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the soak campaign calls growth, on memory that is made up."""
import pathlib
import random
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from suite import soak  # noqa: E402

MIB = 1 << 20
ROUNDS = soak.WINDOW_ROUNDS * soak.WINDOWS_MAX


class Verdict(unittest.TestCase):
    def rounds_until_settled(self, memory):
        """How many rounds a load of this memory lasts, None when it never settles."""
        for count in range(soak.WINDOW_ROUNDS, ROUNDS + 1, soak.WINDOW_ROUNDS):
            if soak.has_settled(memory[:count]):
                return count
        return None

    def test_steady_memory_is_through_at_once(self):
        self.assertEqual(self.rounds_until_settled([30 * MIB] * ROUNDS), soak.WINDOW_ROUNDS * soak.WINDOWS_LEAST)

    def test_peaks_are_no_growth(self):
        peaks = [30 * MIB + random.Random(1).choice((0, 0, 9)) * MIB for _ in range(ROUNDS)]
        peaks[::soak.WINDOW_ROUNDS] = [30 * MIB] * len(peaks[::soak.WINDOW_ROUNDS])
        self.assertEqual(self.rounds_until_settled(peaks), soak.WINDOW_ROUNDS * soak.WINDOWS_LEAST)

    def test_what_fills_up_is_waited_for(self):
        memory = [30 * MIB + min(i, 10) * MIB for i in range(ROUNDS)]
        self.assertEqual(self.rounds_until_settled(memory), 18)

    def test_steady_growth_never_settles(self):
        self.assertIsNone(self.rounds_until_settled([30 * MIB + i * soak.NOISE // 2 for i in range(ROUNDS)]))

    def test_growth_under_peaks_never_settles(self):
        peaks = random.Random(2)
        self.assertIsNone(self.rounds_until_settled([30 * MIB + i * MIB + peaks.choice((0, 0, 9)) * MIB
                                                     for i in range(ROUNDS)]))

    def test_bytes_of_a_request(self):
        memory = [30 * MIB + 100 * 1000 * i for i in range(ROUNDS)]
        self.assertAlmostEqual(soak.bytes_per_request(memory, [1000] * ROUNDS), 100)
        self.assertEqual(soak.bytes_per_request([MIB] * ROUNDS, [0] * ROUNDS), 0)


if __name__ == "__main__":
    unittest.main()
