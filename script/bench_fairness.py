# SPDX-License-Identifier: Apache-2.0
"""How long the others wait when one source sends ten times as much."""

from bench_rows import progress, row


class FairnessBench:
    """Mixed into Bench: its sites, brokers and programs."""

    def fairness(self):
        """Eight agents at a steady rate through a real broker and ledger; the
        first one at ten times that rate in every other phase of five seconds.
        From when a batch is due to its ack, p99 of each phase, medians over
        the phases; the baseline is that of the phases in which all send the
        same."""
        for per_batch, rate in ((1, 50), (64, 20)):
            site = self.site("fairness")
            site.create()
            self.plain_broker(site)
            try:
                site.start_ledger()
                site.start_broker()
                phases = 2 if self.short else 8  # of each kind
                # The first one is through after that many phases.
                batches = int(rate * 5 * (phases * 11 + 1))
                arguments = [f"--broker=tcp://127.0.0.1:{site.broker_port}",
                             f"--events-per-batch={per_batch}",
                             f"--batches={batches}", f"--rate={rate}",
                             "--hog=10"]
                for agent in self.enrol(site, 8):
                    arguments += ["--agent", agent]
                progress(f"fairness, {per_batch} events a batch")
                found = self.program("load_generator", *arguments)
                yield row(f"others' p99, one at 10x, batch {per_batch}",
                          found["hogged_p99_ms"], "ms", found["calm_p99_ms"],
                          1.2, at_most=True, on_ratio=True)
                yield row(f"others' p50, one at 10x, batch {per_batch}",
                          found["hogged_p50_ms"], "ms", found["calm_p50_ms"])
            finally:
                site.stop_all()
