# SPDX-License-Identifier: Apache-2.0
"""The ledger's page in a real browser, straight and through a proxy that
lies: tests/browser/real_ledger.test.ts against the real programs."""

import os
import subprocess
import unittest

from harness import ROOT, SiteTest, device, line_tcp


class Page(SiteTest):
    @classmethod
    def populate(cls):
        port = cls.site.start_plant_tcp("plant")
        cls.site.create_agent(
            "edge-1", window_s=1,
            lines=line_tcp("tcp-1", port, device("room-1")))
        cls.site.start_agent("edge-1")

    def test_page_believes_its_key_and_nobody_else(self):
        self.await_events("bj1/telemetry/1", "windows", 3)
        self.await_events("bj1/record/1", "device_described")
        done = subprocess.run(
            ["npm", "run", "--silent", "test", "--", "browser", "--only=real",
             f"--outdir={self.root}/browser"],
            cwd=ROOT / "web", text=True, capture_output=True, timeout=240,
            check=False, env=dict(os.environ, STRONGROOM_URL=self.site.url,
                                  STRONGROOM_TRUST=str(self.site.trust)))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("# skipped 0", done.stdout)
        self.assertRegex(done.stdout, r"# pass [1-9]")


if __name__ == "__main__":
    unittest.main()
