# What all rows share: running programs, checkpoints, prompts, jobs, the peak of the machine.

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MiB = 1 << 20

# layers, hidden, MLP, heads, KV heads, vocabulary: as make_checkpoint.py has them
SHAPES = {
    "1b": (22, 2048, 5632, 32, 4, 32000),
    "8b": (32, 4096, 14336, 32, 8, 128256),
    "70b": (80, 8192, 28672, 64, 8, 128256),
}


def layer_weights(shape):
    """Numbers in the matrices of all layers: a token costs two operations for each."""
    layers, hidden, mlp, heads, groups, _ = SHAPES[shape]
    width = hidden // heads
    return layers * hidden * (2 * hidden + 2 * groups * width + 3 * mlp)


class Sampled:
    """The peak of anonymous and of all resident memory of a child, looked at every 5 ms."""

    def __init__(self, process):
        self.anonymous = self.resident = 0
        self.process = process
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        page = os.sysconf("SC_PAGE_SIZE")
        while self.process.poll() is None:
            try:
                _, resident, shared = Path(
                    f"/proc/{self.process.pid}/statm").read_text().split()[:3]
            except (FileNotFoundError, ProcessLookupError, ValueError):
                break
            self.resident = max(self.resident, int(resident) * page)
            self.anonymous = max(self.anonymous, (int(resident) - int(shared)) * page)
            time.sleep(0.005)


def execute(command, **keywords):
    """Standard output, wall and processor seconds, sampled memory."""
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        **keywords)
    sampled = Sampled(process)
    output, errors = process.communicate()
    sampled.thread.join()
    wall = time.perf_counter() - start
    after = os.times()
    if process.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: status {process.returncode}\n{errors}")
    cpu = after.children_user + after.children_system - (
        before.children_user + before.children_system)
    return output, wall, cpu, sampled


class Bench:
    """One build, and a folder of its own for jobs; checkpoints are shared."""

    def __init__(self, options, build, folder="."):
        self.options = options
        self.build = build.resolve()
        self.shared = Path(options.work).resolve()
        self.work = self.shared / folder
        self.work.mkdir(parents=True, exist_ok=True)

    def peak(self):
        """GFLOP/s of oneDNN on large matrices (bf16 stored, bf16 reordered, f32 stored), and per
        processor second."""
        program = self.shared / "product_peak"
        if not program.exists():
            subprocess.run(
                ["cc", "-O2", ROOT / "Benchmarks/product_peak.c", "-ldnnl", "-o", program],
                check=True)
        found = {}
        for line in execute([program])[0].splitlines():
            kind, weights, wall, processor = line.split()
            found[kind, weights] = float(wall), float(processor)
        return found

    def model(self, shape, mode=""):
        folder = self.shared / shape
        if not (folder / "model.safetensors.index.json").exists():
            command = [sys.executable, ROOT / "Benchmarks/make_checkpoint.py", shape, folder]
            subprocess.run([str(c) for c in command + ([mode] if mode else [])], check=True)
        return folder

    def copied(self, source, name):
        """A folder as one of the work folder's; hard links, where they reach."""
        def link(file, copy):
            try:
                os.link(file, copy)
            except OSError:
                shutil.copy2(file, copy)

        folder = self.shared / name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder, copy_function=link)
        return folder

    def prompts(self, count):
        """Questions of MMLU as the calibration set asks them, one of each subject."""
        path = self.shared / f"prompts-{count}.jsonl"
        texts = []
        for file in sorted(Path(self.options.mmlu, "dev").glob("*_dev.csv"))[:count]:
            with open(file, newline="", encoding="utf-8") as lines:
                row = next(csv.reader(lines))
            options = "".join(f"\n{letter}. {text}" for letter, text in zip("ABCD", row[1:5]))
            texts.append(row[0] + options + "\nAnswer:")
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        return path, texts

    def job(self, name, text, state):
        """Runs a job in the foreground; its report, and what the process needed."""
        # Only files below the manifest's folder may be named in it.
        manifest = self.shared / f"{name}.yaml"
        manifest.write_text(f"version: 1\nname: {name}\n{text}")
        output, *cost = execute([
            self.build / "layerfold", "run", manifest, "--state", self.work / state, "--output",
            self.work / "out"])
        path = Path(output.strip().splitlines()[-1])
        return json.loads(path.read_text()), path.parent, cost

    def measured(self, *arguments):
        """What a verb of layerfold-benchmark prints."""
        return json.loads(execute([self.build / "layerfold-benchmark", *arguments])[0])

    def fresh(self, *names):
        for name in names:
            shutil.rmtree(self.work / name, ignore_errors=True)

    def forget(self, state):
        """Forgets activations, so that they are computed again; the checkpoint's digest stays."""
        for action in (self.work / state / "store/act").rglob("*.json"):
            if '"activations"' in action.read_text():
                action.unlink()
        self.fresh("out")

    def analysis(self, model, prompts, count, method="reverse", ratio=0.25, compute="auto"):
        return (
            f"model: {model}\n"
            f"calibration: {{dataset: jsonl, path: {prompts}, samples: {count}, max_tokens: 512}}\n"
            f"analysis: {{similarity: npib, compute: {compute}}}\n"
            f"compress: [{{method: {method}, ratios: [{ratio}]}}]\n")
