#!/usr/bin/env python3
"""Kills worker and daemon at random moments of the demo job and compares the outcome.

usage: kill_test.py [WORKER_KILLS] [DAEMON_KILLS] [SEED]        (20 20 1)

Run from the repository after `./demo` or `./test` has built it. One undisturbed job gives the
reference; then jobs on fresh state folders are disturbed by SIGKILL, the daemon restarted where it
was the target. Every job must end as `done`, its models and figures must be byte-identical to the
reference, `layerfold store verify` must be clean, and nothing may be left running.
"""
import json, os, random, shutil, signal, subprocess, sys, tempfile, time
from pathlib import Path

from result_digests import digests

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".build/release"
EXAMPLE = ROOT / "inbox-example"
worker_kills = int(sys.argv[1]) if len(sys.argv) > 1 else 20
daemon_kills = int(sys.argv[2]) if len(sys.argv) > 2 else 20
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
rng = random.Random(seed)
print(f"seed {seed}")


class Daemon:
    def __init__(self, state):
        self.state = state
        self.start()

    def start(self):
        log = open(self.state / "daemon.log", "ab")
        self.process = subprocess.Popen(
            [BIN / "layerfoldd", "--state", self.state, "--model-root", EXAMPLE, "--data-root",
             EXAMPLE, "--settle-seconds", "0.1", "--log-level", "warning"],
            stdout=log, stderr=log)
        deadline = time.time() + 60
        while self.ask("ls") is None:
            assert self.process.poll() is None, (self.state / "daemon.log").read_text()[-2000:]
            assert time.time() < deadline, "the daemon does not answer"
            time.sleep(0.05)

    def ask(self, *words):
        done = subprocess.run([BIN / "layerfold", *words, "--json", "--state", self.state],
                              capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def worker(self):
        """Process id of the running worker, by its command line and parent."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if words[1:2] == [b"worker"] and words[0].endswith(b"layerfold"):
                environ = (entry / "environ").read_bytes() if os.access(entry / "environ", os.R_OK) else b""
                if int(stat.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    return int(entry.name)
        return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def run_job(kills, target):
    state = Path(tempfile.mkdtemp(prefix="layerfold-kill-"))
    daemon = Daemon(state)
    shutil.copy(EXAMPLE / "demo.yaml", state / "inbox/.demo.tmp")
    os.rename(state / "inbox/.demo.tmp", state / "inbox/demo.yaml")
    done = 0
    next_kill = time.time() + rng.uniform(0.05, mean_seconds / (kills + 1) * 2) if kills else None
    deadline = time.time() + 600
    while True:
        assert time.time() < deadline, "the job does not end"
        jobs = (daemon.ask("ls") or {"jobs": []})["jobs"]
        if jobs and jobs[0]["state"] in ("done", "failed", "cancelled"):
            break
        if next_kill and time.time() >= next_kill and done < kills:
            if target == "daemon":
                daemon.process.kill()
                daemon.process.wait()
                daemon.start()
                done += 1
            else:
                pid = daemon.worker()
                if pid:
                    os.kill(pid, signal.SIGKILL)
                    done += 1
            next_kill = time.time() + rng.uniform(0.05, mean_seconds / (kills + 1) * 2)
        time.sleep(0.02)
    assert len(jobs) == 1 and jobs[0]["state"] == "done", jobs
    verify = subprocess.run([BIN / "layerfold", "store", "verify", "--state", state],
                            capture_output=True, text=True)
    assert verify.returncode == 0, verify.stdout + verify.stderr
    daemon.stop()
    results = [f.parent for f in (state / "results").rglob("DONE")]
    assert len(results) == 1, results
    found = digests(results[0])
    leftovers = list((state / "store/tmp").rglob("*.tmp"))
    shutil.rmtree(state)
    return found, done, jobs[0]["attempts"]


mean_seconds = 1
begin = time.time()
reference, _, _ = run_job(0, None)
mean_seconds = time.time() - begin
print(f"undisturbed: {mean_seconds:.1f} s, {len(reference)} files and figures compared")
for target, wanted, each in (("worker", worker_kills, 2), ("daemon", daemon_kills, 4)):
    total = jobs = 0
    while total < wanted:
        found, done, attempts = run_job(min(each, wanted - total), target)
        assert found == reference, [k for k in reference if found.get(k) != reference[k]]
        total += done
        jobs += 1
        print(f"{target}: {total} of {wanted} kills, {jobs} jobs, last one took {attempts} attempts",
              flush=True)
print("all jobs done, all results identical, all stores sound")
