"""What the trial of slurm_trial.py stands on: a real Slurm on this machine (Scripts/slurm), daemons that are
started by hand, people, results as digests. Only processes that were started here are ended, by their number."""
import grp, json, os, pwd, shutil, signal, subprocess, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Scripts"))
from result_digests import digests  # noqa: E402, F401
BUILD = ROOT / ".build/release"
NEEDED = ["slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "munged"]
PACKAGES = ["slurmctld", "slurmd", "slurm-client", "munge"]
GROUP = "lftrial"
USERS = ["lftrial1", "lftrial2"]
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
        "OUT_OF_MEMORY"}


def run(*words, check=True, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


def missing(may_install, needs_programs=True):
    """Why there can be no trial here; None where there can."""
    if os.geteuid() != 0:
        return "it needs root: nodes run units as the user who sent them"
    has_slurm = all(shutil.which(name) for name in NEEDED)
    if not has_slurm and (not may_install or not shutil.which("apt-get")):
        return f"there is no Slurm ({' '.join(PACKAGES)}); --install asks apt for it"
    if needs_programs and not all((BUILD / name).exists() for name in ("layerfold", "layerfoldd")):
        return "build the programs first (swift build -c release)"
    if needs_programs and "--request" not in run(BUILD / "layerfold", "worker", "--help", check=False).stdout:
        return "this build knows no units of work"
    if has_slurm:
        return None
    words = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    if run(*words, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}).returncode != 0:
        return "Slurm cannot be installed"
    return None if all(shutil.which(name) for name in NEEDED) else "the packages bring no Slurm"

# Notes what the queue took, and under which name.
NOTING_SBATCH = """name=
for word; do case $word in --job-name=*) name=${{word#--job-name=}};; esac; done
answer=$(sbatch "$@") || exit $?
echo "$name $answer" >>{file}
echo "$answer"
"""


class Slurm:
    def __init__(self, folder, nodes=3):
        self.folder = folder
        self.nodes = [f"n{number + 1}" for number in range(nodes)]
        run(ROOT / "Scripts/slurm", "start", folder, nodes)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")

    def kill(self, who):
        run(ROOT / "Scripts/slurm", "kill", self.folder, who)

    def revive(self, who):
        run(ROOT / "Scripts/slurm", "revive", self.folder, who)

    def stop(self):
        run(ROOT / "Scripts/slurm", "stop", self.folder, check=False)

    def jobs(self):
        """What the queue shows; None where it does not answer."""
        done = run("squeue", "--array", "--states=all", "-o", "%i|%j|%T|%r|%N", check=False)
        lines = done.stdout.splitlines()
        if done.returncode != 0 or not lines:
            return None
        names = ["id", "name", "state", "reason", "node"]
        return [dict(zip(names, line.split("|"))) for line in lines[1:]]

    def units(self, *states):
        """Units of ours in these states; all that are not over, without any."""
        return [job for job in self.jobs() or [] if job["name"].startswith("layerfold-")
                and (job["state"] in states if states else job["state"] not in OVER)]

    def answers(self):
        return self.jobs() is not None


class Place:
    """A folder that head and nodes share: programs, models, settings. Two programs stand in front of the real
    ones: `pinned` keeps kernels and threads the same everywhere; `planless` gives no forecast, so that jobs
    are cut though they are short. `sbatch` notes what was taken by the queue under which name."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "bin"
        self.example = folder / "example"
        self.bin.mkdir(parents=True)
        for name in ("layerfold", "layerfoldd"):
            shutil.copy(BUILD / name, self.bin / name)
        shutil.copytree(ROOT / "inbox-example", self.example)
        run("chmod", "-R", "a+rX", folder)
        pins = "OPENBLAS_CORETYPE=Haswell ONEDNN_MAX_CPU_ISA=AVX2 OMP_NUM_THREADS=1"
        worker = self.bin / "layerfold"
        self.script("pinned", f'exec env {pins} {worker} "$@"')
        self.script("planless", f'case " $* " in *" --plan "*) exit 1;; esac\nexec env {pins} {worker} "$@"')
        self.sent = folder / "sent.log"
        self.script("sbatch", NOTING_SBATCH.format(file=self.sent))

    def script(self, name, text):
        file = self.bin / name
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)

    def taken(self):
        """Names that the queue took, in order, each as often as it did."""
        return [line.split()[0] for line in self.sent.read_text().splitlines()] if self.sent.exists() else []


class Mounts:
    """A state folder that head and nodes see through mounts of their own. Like NFS each remembers for a while
    what it saw, and neither renames exclusively (renameat2 with a flag is EINVAL). The index lies on the
    head's own disk. `second` is the nodes' worker."""

    def __init__(self, place, name):
        self.shared = place.folder / name
        disk, nodes, own = (place.folder / f"{name}-{part}" for part in ("disk", "nodes", "index"))
        for folder in (self.shared, disk, disk / "db", nodes, own):
            folder.mkdir()
        self.mounted = []
        for point in (self.shared, nodes):
            run("bindfs", "-o", "attr_timeout=2,entry_timeout=2", disk, point)
            self.mounted.append(point)
        run("mount", "--bind", own, self.shared / "db")
        self.mounted.append(self.shared / "db")
        place.script("second", "exec unshare --mount --propagation private sh -c "
                     f"'mount --bind {nodes} {self.shared} && exec {place.bin / 'pinned'} \"$@\"' sh \"$@\"")

    def unmount(self):
        for point in reversed(self.mounted):
            run("umount", "--lazy", point, check=False)


class Head:
    """A daemon that was started by hand."""

    alive = []

    @classmethod
    def stop_all(cls):
        """Those that a part left behind."""
        for process in cls.alive:
            if process.poll() is None:
                process.kill()
                process.wait()
        cls.alive = []

    def __init__(self, place, name, cluster="", remote=True, worker="planless", node_worker="pinned"):
        self.place = place
        self.state = place.folder / name
        self.settings = place.folder / f"{name}.yaml"
        text = f"""state: {self.state}
model_roots: [{place.example}]
data_roots: [{place.example}]
worker: {place.bin / worker}
settle_seconds: 0.1
"""
        if remote:
            text += f"""run_on: slurm
cluster:
  submit: [{place.bin / 'sbatch'}]
  node_worker: {place.bin / node_worker}
  poll_seconds: 15
  file_seconds: 20
  jobs: 20
  cpus: 1
{cluster}"""
        self.settings.write_text(text)
        self.start()

    def start(self):
        # Of the group of those who may submit: the folders of a daemon without systemd get its own.
        with open(self.place.folder / f"{self.state.name}.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.place.bin / "layerfoldd", "--config", self.settings], stdout=log, stderr=log,
                group=grp.getgrnam(GROUP).gr_gid)
        Head.alive.append(self.process)
        wait(60, "the daemon answers", lambda: self.ask("ls") is not None)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def ask(self, *words, user=None):
        options = {}
        if user:
            entry = pwd.getpwnam(user)
            options = dict(user=entry.pw_uid, group=grp.getgrnam(GROUP).gr_gid, extra_groups=[], cwd="/")
        done = run(self.place.bin / "layerfold", *words, "--json", "--state", self.state, check=False, **options)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else None

    def submit(self, text, name, user=None):
        file = self.place.folder / f"{name}.yaml"
        file.write_text(text)
        file.chmod(0o644)
        receipt = self.ask("submit", str(file), user=user)
        if receipt is None:
            raise RuntimeError(f"the daemon does not take {name}: {self.log()}")
        return receipt["id"]

    def states(self):
        """States of jobs by id; empty while nobody answers."""
        return {job["id"]: job["state"] for job in (self.ask("ls") or {"jobs": []})["jobs"]}

    def wait(self, ids, seconds, meanwhile=lambda: None):
        """Until all have ended; their states."""
        found = {}

        def ended():
            meanwhile()
            found.update(self.states())
            return all(found.get(id) in ("done", "failed", "cancelled") for id in ids)

        wait(seconds, f"jobs end ({self.log()})", ended, pause=1)
        return [found[id] for id in ids]

    def log(self):
        return (self.place.folder / f"{self.state.name}.log").read_text()[-1500:]

    def workers(self):
        """Process ids of the nodes' workers of this state folder."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            mine = any(word.startswith(str(self.state).encode() + b"/jobs/") for word in words)
            if words[1:3] == [b"worker", b"--request"] and mine:
                found.append(int(entry.name))
        return found

    def outcomes(self, id):
        """Attempt files of a job: {unit: {number: what it says}}."""
        units = {}
        for file in sorted((self.state / "jobs" / id / "units").glob("*/outcome-*.json")):
            # Named by the token, which ends with the number of the try.
            number = int(file.stem.rsplit("-", 1)[1])
            units.setdefault(file.parent.name, {})[number] = json.loads(file.read_text())
        return units

    def results(self, id):
        """Folder of a job's results."""
        found = [file.parent for file in (self.state / "results").glob(f"*/*-{id}/DONE")]
        return found[0] if len(found) == 1 else None

    def verify(self):
        return run(self.place.bin / "layerfold", "store", "verify", "--state", self.state, check=False)


def wait(seconds, what, holds, pause=0.2):
    deadline = time.time() + seconds
    while not holds():
        if time.time() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(pause)


def make_people():
    """The group and users of the trial; those that were made here."""
    made = []
    try:
        grp.getgrnam(GROUP)
    except KeyError:
        run("groupadd", "--system", GROUP)
        made.append(("groupdel", GROUP))
    for user in USERS:
        try:
            pwd.getpwnam(user)
        except KeyError:
            run("useradd", "--system", "--no-create-home", "--groups", GROUP, user)
            made.append(("userdel", user))
    return made


def remove_people(made):
    for words in reversed(made):
        run(*words, check=False)
