"""A sweep on a cluster of two workers of which one is killed. Needs Dask, and is skipped without it."""

import os
import signal
import threading
import time

import numpy as np
import pytest

import lifcore as lc

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")
SETTING = {"repetitions": 8000, "seed": 3, "chunk": 2, "keep": ["totals", "counts"]}
PEAKS = [10.0, 50.0, 200.0]


def test_a_worker_is_killed_in_mid_sweep(tmp_path):
    here = lc.rate_sweep(PEAKS, **SETTING, workers=1)
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),  # how long a dead worker is asked
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed, processes = [], list(client.run(os.getpid).values())

        def kill() -> None:
            """As soon as something is done, and long before all is."""
            while len(list(tmp_path.glob("blocks-*.npz"))) < 3:
                time.sleep(0.002)
            os.kill(processes[0], signal.SIGKILL)
            killed.append(len(list(tmp_path.glob("blocks-*.npz"))))

        killer = threading.Thread(target=kill)
        killer.start()
        there = lc.rate_sweep(PEAKS, **SETTING, executor=client.get_executor(), checkpoint=tmp_path)
        killer.join()
        survivors = client.run(os.getpid).values()
    assert killed and killed[0] < 100  # of 120 tasks
    assert len(processes) == 2 and processes[0] not in survivors
    np.testing.assert_array_equal(there.totals, here.totals)
    np.testing.assert_array_equal(there.counts, here.counts)
