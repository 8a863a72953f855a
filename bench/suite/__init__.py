# SPDX-License-Identifier: Apache-2.0
"""What `make bench` does: bench/run is the program, docs/BENCHMARKS.md the manual."""
