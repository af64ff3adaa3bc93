# What one build needs for a row, without anything beside it: seconds and bytes, of which less is
# better. `Benchmarks/run --against BUILD` compares these figures of two builds.

import json
import os
import subprocess
import time
from pathlib import Path

from bench import ROOT, Bench

DEMO = ROOT / "inbox-example/models/demo"
# The stages of a job that are the method's own work.
FOLDING = ("run-costs", "weights", "guard", "merge")


def tokens_of(stage):
    """How many tokens a stage went over, as its detail says."""
    return int(stage["detail"].split(" tokens")[0].split()[-1].replace(",", ""))


class Figures(Bench):
    def cold_activations(self):
        """The stage, on the 1b shape and 57 prompts."""
        self.forget("state-1b")
        text = self.analysis(self.model("1b"), self.prompts(57)[0], 57)
        return self.stage("activations", self.job("cold", text, "state-1b")[0])

    def sparse_activations(self, shape, count):
        """The stage, on a checkpoint without bytes."""
        model = self.model(shape, "--sparse")
        # A ratio that leaves few layers to write; the checkpoint's digest is kept between runs,
        # the activations are not.
        ratio = 0.9 if shape == "8b" else 0.95
        text = lambda count: self.analysis(
            model, self.prompts(count)[0], count, "reverse", ratio).replace("npib", "euclidean")
        state = f"state-{shape}"
        if not (self.work / state).exists():
            self.job("prime", text(1), state)
        self.forget(state)
        report, _, _ = self.job("memory", text(count), state)
        self.fresh("out")
        return self.stage("activations", report)

    def emitted(self, method):
        """Seconds of writing a quarter less of the 1b shape, and the folder."""
        self.fresh("out")
        text = self.analysis(self.model("1b"), self.prompts(8)[0], 8, method)
        report, folder, _ = self.job("emit", text, "state-rerun")
        return self.stage("merge", report)["seconds"], next(folder.glob(f"{method}-*"))

    def activation_files(self):
        """Real activations: every token of the prompts at all boundaries of the demo model."""
        self.fresh("state-store", "out", "state-put", "activations")
        text = self.analysis(self.copied(DEMO, "demo"), self.prompts(57)[0], 57).replace(
            "similarity: npib", "similarity: cosine, representation: tokens")
        self.job("tokens", text, "state-store")
        folder = self.work / "activations"
        folder.mkdir()
        store = [self.build / "layerfold", "store"]
        state = ["--state", self.work / "state-store"]
        listing = subprocess.run(
            [*store, "ls", *state, "--json"], capture_output=True, text=True, check=True).stdout
        files = []
        for output in json.loads(listing):
            if output["stage"] != "activations":
                continue
            path = folder / output["role"]
            with open(path, "wb") as file:
                subprocess.run([*store, "cat", output["digest"], *state], stdout=file, check=True)
            files.append(path)
        return files

    def folds(self):
        """Stages of a job by `fold`, cold: the demo model, and the real one where it is given, whose
        layers are named: trying all runs of thirty layers takes minutes."""
        demo = self.copied(DEMO, "demo")
        models = [("demo", demo, 12, "search_samples: 4, tuning_steps: 32", 0.125)]
        if self.options.real:
            real = self.copied(self.options.real, "real")
            models.append(("real", real, 8, "select: list, layers: [14, 15], tuning_steps: 8", 2 / 30))
        for name, folder, samples, settings, ratio in models:
            self.fresh("state-fold", "out")
            report, _, _ = self.job("fold", (
                f"model: {folder}\n"
                f"calibration: {{dataset: text, path: {demo / 'calibration.txt'}, "
                f"samples: {samples}, max_tokens: 256}}\n"
                "analysis: {similarity: cosine}\n"
                f"compress: [{{method: fold, {settings}, ratios: [{ratio}]}}]\n"), "state-fold")
            yield name, report["stages"]

    def queued(self, count):
        """Wall and processor seconds until that many jobs, dropped at once, are durable and
        listed; wall seconds of a listing then."""
        example = ROOT / "inbox-example"
        self.fresh("state-queue")
        state = self.work / "state-queue"
        inbox = state / "inbox"
        inbox.mkdir(parents=True)
        daemon = subprocess.Popen(
            [self.build / "layerfoldd", "--state", state, "--model-root", example,
             "--data-root", example, "--settle-seconds", "0.1", "--log-level", "warning"])
        try:
            while self.jobs(state) is None:
                time.sleep(0.05)
            before = self.processor_seconds(daemon)
            start = time.perf_counter()
            for number in range(count):
                hidden = inbox / f".job-{number}.tmp"
                hidden.write_text(
                    f"{{version: 1, name: job-{number}, model: models/demo, "
                    "compress: [{method: reverse, ratios: [0.5]}]}")
                hidden.rename(inbox / f"job-{number}.yaml")
            while (self.jobs(state) or 0) < count:
                time.sleep(0.05)
            wall = time.perf_counter() - start
            used = self.processor_seconds(daemon) - before
            asked = time.perf_counter()
            self.jobs(state)
            return wall, used, time.perf_counter() - asked
        finally:
            daemon.terminate()
            daemon.wait(60)
            self.fresh("state-queue")

    def jobs(self, state):
        """How many jobs the daemon knows; None where it does not answer."""
        done = subprocess.run(
            [self.build / "layerfold", "ls", "--json", "--state", state],
            capture_output=True, text=True)
        return len(json.loads(done.stdout)["jobs"]) if done.returncode == 0 else None

    @staticmethod
    def processor_seconds(process):
        words = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def stage(name, report):
        return next(s for s in report["stages"] if s["name"] == name)


# By row


def costs(name, stage):
    return {
        f"{name}, processor seconds": stage["processor_seconds"],
        f"{name}, anonymous bytes": stage["peak_anonymous_bytes"],
    }


def seconds(name, measured):
    return {
        f"{name}, {key.replace('_', ' ')}": value
        for key, value in measured.items() if key.endswith("_seconds")}


def npib(build):
    folder = build.work / "npib"
    folder.mkdir(exist_ok=True)
    return seconds("npib", build.measured("npib", 80, 2000, folder))


def store(build):
    files = build.activation_files()
    return seconds("store", build.measured("store", build.work / "state-put", *files))


def fold(build):
    found = {}
    for name, stages in build.folds():
        work = [stage for stage in stages if stage["name"] in FOLDING]
        found[f"fold {name}, anonymous bytes"] = max(s["peak_anonymous_bytes"] for s in work)
        # Stages of one name are parts of one work.
        for stage in work:
            key = f"fold {name}, {stage['name']}, processor seconds"
            found[key] = found.get(key, 0) + stage["processor_seconds"]
    return found


# What `--against` compares: a build to {what: number}.
FIGURES = {
    "activations": lambda build: costs("activations, 1b", build.cold_activations()),
    "npib": npib,
    "embedding": lambda build: seconds("embedding", build.measured("embedding", 2000, 8192)),
    "rerun": lambda build: {f"emit {m}, seconds": build.emitted(m)[0] for m in ("reverse", "mka")},
    "store": store,
    "fold": fold,
    "memory-8b": lambda build: costs("memory-8b", build.sparse_activations("8b", 24)),
    "memory-70b": lambda build: costs("memory-70b", build.sparse_activations("70b", 8)),
    "queue": lambda build: {"queue, 100 jobs, seconds": build.queued(100)[0]},
}
