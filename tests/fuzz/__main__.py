"""A long run over every reader: python -m tests.fuzz --examples 10000."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings

from hypothesis import HealthCheck, given, settings

from tests.fuzz.readers import READERS, damaged, feed


def run(name: str, examples: int, counts: dict[bool, int]) -> None:
    """Feed one reader so many inputs, and count what it took and what it refused."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=damaged(READERS[name].sound))
    def once(data: bytes) -> None:
        counts[feed(name, data)] += 1

    once()


def main() -> int:
    """Feed each reader, print a line for it, and give 1 when one of them raised what it may not."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, help="inputs for each reader (1000)")
    parser.add_argument("--reader", choices=sorted(READERS), help="only this one")
    options = parser.parse_args()
    warnings.simplefilter("error")
    faults = 0
    for name in [options.reader] if options.reader else READERS:
        counts = {True: 0, False: 0}
        began = time.process_time()
        try:
            run(name, options.examples, counts)
            said = "no fault"
        except Exception:  # noqa: BLE001 - that is what is looked for
            faults += 1
            said = "FAULT"
            traceback.print_exc()
        seconds = time.process_time() - began
        sys.stdout.write(f"{name:<24} {counts[True]:>7} taken {counts[False]:>7} refused {seconds:>7.1f} s  {said}\n")
        sys.stdout.flush()
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
