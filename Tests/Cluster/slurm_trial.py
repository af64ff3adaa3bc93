#!/usr/bin/env python3
"""Jobs on a real Slurm: three nodes on this machine, a daemon started by hand, programs as they were built.

usage: Tests/Cluster/slurm_trial.py [--rounds N] [--seed N] [--only PART,...] [--list] [--install] [--keep]
                                    [--folder FOLDER]

Run from the repository, as root, after `swift build -c release`. Prints a line for each thing that holds (`ok`)
or does not (`!!`), and ends with 1 where one does not; where there can be no Slurm it says why and ends with 0.
--install asks apt for Slurm where it is missing. --rounds are those of `kills` (5). It makes a group and two
users, and removes them; it changes nothing of a Slurm that the machine has.
"""
import argparse, os, pwd, random, shutil, signal, subprocess, sys, tempfile, time
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
from slurm_world import (USERS, Head, Mounts, Place, Slurm, digests, make_people, missing, remove_people, run, wait)

COLUMNS = "JOBID|NAME|STATE|REASON"
LIST = ["squeue", "--me", "--array", "--states=all", "-o", "%i|%j|%T|%r"]


def manifest(name, entries, seed=1, rest=""):
    """A job on the demo model."""
    return f"""version: 1
name: {name}
model: models/demo
calibration: {{dataset: text, path: models/demo/calibration.txt, samples: 57, max_tokens: 256, seed: {seed}}}
analysis: {{similarity: npib, representation: last-token, sigma: median}}
compress: [{entries}]
evaluate: [{{task: perplexity, path: models/demo/heldout.txt}}]
{rest}"""


# Of a minute or so: six models of four methods.
MINUTE = ("{method: mka, ratios: [0.125, 0.4375]}, {method: reverse, ratios: [0.25]}, "
          "{method: shortgpt, ratios: [0.25]}, {method: come, ratios: [0.125, 0.25]}")
SMALL = "{method: mka, ratios: [0.25]}, {method: reverse, ratios: [0.25]}"
LONG = "{method: fold, ratios: [0.125, 0.25, 0.4375]}, {method: come, ratios: [0.4375]}"


class Trial:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.failed = 0
        self.rng = random.Random(options.seed)
        self.slurm = Slurm(folder / "slurm")
        self.place = None
        self.minute = None

    def check(self, what, holds, detail=""):
        self.failed += not holds
        print(f"{'ok' if holds else '!!'} {what}" + (f": {detail}" if detail and not holds else ""), flush=True)
        return holds

    # What holds of every job, whatever was done to it.

    def sent_once(self, what):
        """No name was taken by the queue twice."""
        twice = {name: count for name, count in Counter(self.place.taken()).items() if count > 1}
        self.check(f"{what}: nothing was sent twice", not twice, str(twice))

    def nothing_anew(self, what, head, ids):
        """No unit was sent again after one of its tries had succeeded."""
        sent, again = self.place.taken(), []
        for id in ids:
            for unit, tries in head.outcomes(id).items():
                for number, outcome in tries.items():
                    attempt = outcome["token"].split("-")[1]
                    later = [name for name in sent if name.startswith(f"layerfold-{attempt}-{unit}-")
                             and name.rsplit("-", 1)[1].isdigit() and int(name.rsplit("-", 1)[1]) > number]
                    if outcome["result"] == "succeeded" and later:
                        again.append((unit, number, later))
        self.check(f"{what}: nothing that was done was sent again", not again, str(again))

    def empty(self, what):
        """Nothing of ours is left in the queue."""
        try:
            wait(60, "the queue is empty", lambda: self.slurm.jobs() is not None and not self.slurm.units())
            left = []
        except RuntimeError:
            left = self.slurm.units()
        self.check(f"{what}: nothing is left in the queue", not left, str(left))

    def reference(self):
        """Digests of the job of a minute, computed by one machine."""
        if self.minute is None:
            head = Head(self.place, "reference", remote=False, worker="pinned")
            id = head.submit(manifest("minute", MINUTE), "minute-here")
            states = head.wait([id], 1800)
            head.stop()
            assert states == ["done"], f"the reference is {states}: {head.log()}"
            self.minute = digests(head.results(id))
        return self.minute

    def same(self, what, head, id):
        folder = head.results(id)
        if not self.check(f"{what}: there is one result", folder is not None):
            return
        found, reference = digests(folder), self.reference()
        others = [name for name in reference if found.get(name) != reference[name]]
        self.check(f"{what}: byte for byte what one machine computes", not others, str(others[:5]))

    # The parts.

    def answers(self):
        """What the parser expects of this Slurm; needs no programs of ours."""
        def list_():
            return run(*LIST, check=False)

        def submit(*words, script="#!/bin/sh\nsleep 1\n"):
            return subprocess.run(["sbatch", "--parsable", "--export=NONE", "--no-requeue",
                                   "--kill-on-invalid-dep=yes", "--open-mode=append", f"--output={self.folder}/o",
                                   "--chdir=/tmp", "--nodes=1", "--ntasks=1", *words],
                                  input=script, capture_output=True, text=True)

        empty = list_()
        self.check("an empty queue answers with the line of columns", empty.stdout.startswith(COLUMNS + "\n")
                   and empty.returncode == 0, empty.stdout + empty.stderr)
        name = "layerfold-01TRIAL-m1-1"
        answer = submit(f"--job-name={name}", f"--comment={name}", "--time=10", "--mem=100M",
                        "--signal=B:TERM@150")
        id = answer.stdout.strip()
        self.check("--parsable prints the identifier alone", answer.returncode == 0 and id.isdigit(),
                   answer.stdout + answer.stderr)
        line = [words for words in (row.split("|") for row in list_().stdout.splitlines()) if words[0] == id]
        self.check("a unit is found by its name", len(line) == 1 and line[0][1] == name, str(line))

        def completed():
            return any(row.startswith(f"{id}|{name}|COMPLETED|") for row in list_().stdout.splitlines())
        wait(60, "the unit ends", completed)
        self.check("a finished unit is still listed as COMPLETED", completed())
        for words, what in (("--partition=nowhere", "invalid partition"), ("--constraint=nothing", "invalid feature"),
                            ("--mem=900000M", "not available")):
            refused = submit(words)
            self.check(f"what can never run is refused ({words})",
                       refused.returncode != 0 and what in refused.stderr.lower(), refused.stderr)
        self.check("cancelling what is over is no error", run("scancel", id, check=False).returncode == 0)
        self.slurm.kill("ctld")
        dead, unsent = list_(), submit()
        self.slurm.revive("ctld")
        self.check("without a controller the list fails", dead.returncode != 0 and not dead.stdout, dead.stdout)
        self.check("without a controller whether it was sent is not known",
                   unsent.returncode != 0 and "unable to contact" in unsent.stderr.lower(), unsent.stderr)
        wait(60, "the controller is back", self.slurm.answers)
        told = submit("--time=2", "--signal=B:TERM@100",
                      script=f"#!/bin/sh\ntrap 'echo told >{self.folder}/told; kill $p; exit 143' TERM\n"
                      "sleep 300 & p=$!\nwait $p\n").stdout.strip()
        try:
            wait(120, "the signal before the limit", (self.folder / "told").exists, pause=1)
        except RuntimeError:
            pass
        self.check("the program is told before its time is over", (self.folder / "told").exists())
        run("scancel", told, check=False)

    def once(self):
        """A job of a minute: cut, on several nodes at once, the same bytes."""
        head = Head(self.place, "once")
        nodes, most = set(), 0
        id = head.submit(manifest("minute", MINUTE), "minute")

        def look():
            nonlocal most
            running = self.slurm.units("RUNNING")
            nodes.update(job["node"] for job in running)
            most = max(most, len(running))
        states = head.wait([id], 1800, look)
        self.check("a job at the cluster is done", states == ["done"], head.log())
        self.check("it was on several nodes", len(nodes) > 1, str(nodes))
        self.check("units ran at the same time", most > 1, str(most))
        self.same("a job at the cluster", head, id)
        verify = head.verify()
        self.check("the store is sound", verify.returncode == 0, verify.stdout + verify.stderr)
        self.sent_once("a job at the cluster")
        self.empty("a job at the cluster")
        self.again(head, id)
        head.stop()

    def again(self, head, id):
        """The same job with the units' cache: the second time nothing is computed."""
        second = head.submit(manifest("minute", MINUTE), "minute-again")
        self.check("the same job again is done", head.wait([second], 900) == ["done"], head.log())
        seconds = [sum(outcome["seconds"] for tries in head.outcomes(one).values() for outcome in tries.values())
                   for one in (id, second)]
        self.check("and takes what nodes computed from the cache", seconds[1] < seconds[0] / 2, str(seconds))

    def compare(self):
        """The compare job of the examples, cut by its forecast."""
        text = (self.place.example / "compare.yaml").read_text()
        here = Head(self.place, "compare-here", remote=False, worker="pinned")
        local = here.submit(text, "compare-here")
        states = here.wait([local], 6 * 3600)
        here.stop()
        self.check("the compare job is done by one machine", states == ["done"], here.log())
        head = Head(self.place, "compare", worker="pinned")
        begin, most = time.time(), 0

        def look():
            nonlocal most
            most = max(most, len(self.slurm.units("RUNNING")))
        id = head.submit(text, "compare")
        states = head.wait([id], 6 * 3600, look)
        self.check("the compare job is done at the cluster", states == ["done"], head.log())
        head.stop()
        self.check("it was on all three nodes at once", most == 3, str(most))
        first, second = digests(here.results(local)), digests(head.results(id))
        others = [name for name in first if second.get(name) != first[name]]
        self.check(f"its {len(first)} files and figures are the same, byte for byte", not others, str(others[:5]))
        print(f"   ({time.time() - begin:.0f} s at the cluster)")

    def users(self):
        """Two people, five jobs each."""
        head = Head(self.place, "users")
        ids = {head.submit(manifest(f"{user}-{number}", SMALL, seed=number), f"{user}-{number}", user): user
               for number in range(5) for user in USERS}
        states = head.wait(list(ids), 3600)
        self.check("ten jobs of two people are done", states == ["done"] * 10, str(states) + head.log())
        strangers = [id for id, user in ids.items()
                     if head.results(id) is None or head.results(id).parent.name != str(pwd.getpwnam(user).pw_uid)]
        self.check("each has the results of her own jobs", not strangers, str(strangers))
        self.sent_once("ten jobs")
        self.nothing_anew("ten jobs", head, list(ids))
        self.empty("ten jobs")
        head.stop()

    def kills(self):
        """SIGKILL to head, worker, slurmd, slurmctld at random moments of the job of a minute."""
        self.reference()
        count = Counter()
        for number in range(self.options.rounds):
            head = Head(self.place, f"kills-{number}")
            id = head.submit(manifest("minute", MINUTE), f"minute-{number}")
            # Of whom nobody knows how they ended, three in a row end the job: two are killed at most.
            left = ["head"] * 2 + ["worker"] * 2 + ["slurmd"] + ["ctld"]
            self.rng.shuffle(left)
            due = time.time() + self.rng.uniform(2, 25)
            revivals = []

            def disturb():
                nonlocal due
                for when, who in list(revivals):
                    if time.time() >= when:
                        self.slurm.revive(who)
                        revivals.remove((when, who))
                if not left or time.time() < due:
                    return
                target = left.pop()
                due = time.time() + self.rng.uniform(2, 25)
                if target == "head":
                    head.kill()
                    time.sleep(self.rng.uniform(0, 5))
                    head.start()
                elif target == "worker":
                    workers = head.workers()
                    if not workers:
                        left.insert(0, target)
                        due = time.time() + 1
                        return
                    os.kill(self.rng.choice(sorted(workers)), signal.SIGKILL)
                else:
                    who = self.rng.choice(self.slurm.nodes) if target == "slurmd" else "ctld"
                    self.slurm.kill(who)
                    # Below and above the time after which a node counts as down.
                    revivals.append((time.time() + self.rng.uniform(1, 30), who))
                count[target] += 1

            what = f"round {number + 1}"
            try:
                states = head.wait([id], 1800, disturb)
            finally:
                for _, who in revivals:
                    self.slurm.revive(who)
            wait(120, "the controller is back", self.slurm.answers)
            if self.check(f"{what}: the job is done", states == ["done"], f"{states} {head.log()}"):
                self.same(what, head, id)
            self.nothing_anew(what, head, [id])
            self.empty(what)
            verify = head.verify()
            self.check(f"{what}: the store is sound", verify.returncode == 0, verify.stdout + verify.stderr)
            head.stop()
        self.sent_once("all rounds")
        print(f"   (kills: {dict(count)})")

    def drain(self):
        """A node that takes nothing new while a job runs."""
        head = Head(self.place, "drain")
        id = head.submit(manifest("drain", MINUTE), "drain")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        run("scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=trial")
        try:
            self.check("a job is done while a node is drained", head.wait([id], 1800) == ["done"], head.log())
        finally:
            run("scontrol", "update", "NodeName=n1", "State=RESUME", check=False)
        self.same("a job with a drained node", head, id)
        head.stop()

    def requeue(self):
        """Somebody requeues a unit: the queue refuses, since a try has a name of its own."""
        head = Head(self.place, "requeue")
        id = head.submit(manifest("requeue", MINUTE), "requeue")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        answer = run("scontrol", "requeue", self.slurm.units("RUNNING")[0]["id"], check=False)
        self.check("a unit cannot be requeued", answer.returncode != 0, answer.stdout + answer.stderr)
        self.check("a job of a unit that was to be requeued is done", head.wait([id], 1800) == ["done"], head.log())
        self.same("a job of a unit that was to be requeued", head, id)
        self.sent_once("a job of a unit that was to be requeued")
        head.stop()

    def limit(self):
        """Units that are longer than their time go on where they stopped."""
        head = Head(self.place, "limit", worker="planless")
        id = head.submit(manifest("limit", LONG, rest="resources: {time: 5m}\n"), "limit")
        states = head.wait([id], 3600)
        self.check("a job of units beyond their time is done", states == ["done"], head.log())
        outcomes = head.outcomes(id)
        stopped = [unit for unit, tries in outcomes.items()
                   if any(outcome["result"] == "stopped" for outcome in tries.values())]
        self.check("units were told to end, and went on in another try", bool(stopped), str(outcomes.keys()))
        self.nothing_anew("a job beyond its time", head, [id])
        self.empty("a job beyond its time")
        head.stop()

    def cancel(self):
        """A job is cancelled by its owner, and a unit by somebody else."""
        head = Head(self.place, "cancel")
        id = head.submit(manifest("cancel", LONG), "cancel")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        head.ask("cancel", id)
        self.check("a job is cancelled", head.wait([id], 120) == ["cancelled"], head.log())
        self.empty("a cancelled job")
        id = head.submit(manifest("cancelled", LONG, seed=2), "cancelled")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        run("scancel", self.slurm.units("RUNNING")[0]["id"])
        # A worker that is told to end says so in its file, which is the truth: then it goes on.
        try:
            wait(90, "an end or another try", lambda: head.states().get(id) == "failed"
                 or any(job["name"].endswith("-2") for job in self.slurm.units()), pause=1)
            ended = True
        except RuntimeError:
            ended = False
        self.check("a unit that somebody cancels ends the job, or goes on", ended, head.log())
        print(f"   (the job is {head.states().get(id)})")
        head.ask("cancel", id)
        self.empty("a job whose unit was cancelled")
        head.stop()

    def preempt(self):
        """Others' work of a higher rank takes the nodes."""
        head = Head(self.place, "preempt")
        id = head.submit(manifest("preempt", MINUTE), "preempt")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        script = "#!/bin/sh\nsleep 20\n"
        for _ in self.slurm.nodes:
            subprocess.run(["sbatch", "--partition=urgent", "--output=/dev/null"], input=script, text=True,
                           check=True, capture_output=True)
        seen = set()

        def look():
            seen.update(job["state"] for job in self.slurm.units("PREEMPTED"))
        self.check("a job that was preempted is done", head.wait([id], 1800, look) == ["done"], head.log())
        self.check("units were preempted", bool(seen))
        self.same("a job that was preempted", head, id)
        self.empty("a job that was preempted")
        head.stop()

    def node(self):
        """A node that never comes back while its unit runs."""
        head = Head(self.place, "node")
        id = head.submit(manifest("node", MINUTE), "node")
        wait(120, "a unit runs", lambda: self.slurm.units("RUNNING"))
        who = self.slurm.units("RUNNING")[0]["node"]
        self.slurm.kill(who)
        try:
            self.check("a job that lost a node is done", head.wait([id], 1800) == ["done"], head.log())
        finally:
            self.slurm.revive(who)
        self.same("a job that lost a node", head, id)
        self.sent_once("a job that lost a node")
        self.empty("a job that lost a node")
        head.stop()

    def mount(self):
        """The shared folder through two mounts that remember and cannot rename exclusively, as NFS."""
        if not shutil.which("bindfs"):
            print("   (skipped: there is no bindfs)")
            return
        mounts = Mounts(self.place, "mount")
        try:
            head = Head(self.place, "mount", node_worker="second")
            id = head.submit(manifest("minute", MINUTE), "mount-minute")
            self.check("a job over two mounts is done", head.wait([id], 1800) == ["done"], head.log())
            self.same("a job over two mounts", head, id)
            self.sent_once("a job over two mounts")
            self.nothing_anew("a job over two mounts", head, [id])
            self.empty("a job over two mounts")
            verify = head.verify()
            self.check("over two mounts: the store is sound", verify.returncode == 0, verify.stdout + verify.stderr)
            self.check("a job over two mounts is removed", head.ask("rm", id) is not None, head.log())
            head.stop()
        finally:
            Head.stop_all()
            mounts.unmount()


PARTS = ["answers", "once", "users", "kills", "drain", "requeue", "limit", "cancel", "preempt", "node", "mount",
         "compare"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", help="parts, separated by commas")
    parser.add_argument("--list", action="store_true", help="print the parts")
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.list:
        for name in PARTS:
            print(f"{name}: {getattr(Trial, name).__doc__}")
        return 0
    parts = options.only.split(",") if options.only else PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such parts: {', '.join(sorted(unknown))}")
    if reason := missing(options.install, needs_programs=parts != ["answers"]):
        print(f"skipped: {reason}")
        return 0
    # Whoever bounds the trial leaves no daemons and users behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"seed {options.seed}", flush=True)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="layerfold-slurm-"))
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    people, trial = [], None
    try:
        people = make_people()
        trial = Trial(options, folder)
        if parts != ["answers"]:
            trial.place = Place(folder / "place")
        for name in parts:
            try:
                getattr(trial, name)()
            except (RuntimeError, AssertionError, OSError) as error:
                trial.check(name, False, str(error))
            finally:
                Head.stop_all()
    finally:
        Head.stop_all()
        if trial:
            run("scancel", "--me", check=False)
            trial.slurm.stop()
        remove_people(people)
        if not options.keep and not (trial and trial.failed):
            shutil.rmtree(folder, ignore_errors=True)
    if trial.failed:
        print(f"{trial.failed} things do not hold; the folder is {folder}")
    return 1 if trial.failed else 0


if __name__ == "__main__":
    sys.exit(main())
