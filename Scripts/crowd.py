#!/usr/bin/env python3
"""Puts a crowd before a daemon of its own and prints what that costs.

usage: Scripts/crowd.py [--programs FOLDER] [--jobs N] [--readers N] [--slow N] [--samples N] [--minutes N]
                        (.build/release, 10000, 950, 50, 57, 30)

Fills the list with jobs (a third each cancelled, held by their owner, waiting), lets jobs run, and
opens the event stream at the unix socket: readers that read, and slow ones, of which one half reads
nothing and the other one byte a second. Then a job is submitted before all others. Printed: the
daemon's memory and processor time, the home page, a submission and the commits of the queue, each
before, with and after the crowd; whether every reader heard every numbered event and the end of that
job; what became of the slow ones. Ends with 1 where an event was missed, the job did not end, or the
home page took more than 100 ms (median, with the crowd). Needs Python 3.9, and a limit of open files of
twice the clients.
"""
import argparse, asyncio, concurrent.futures, http.client, json, os, re, resource, select, shutil
import signal, socket, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "inbox-example"
PAGE_LIMIT = 0.100
PAGES = 20
SUBMISSIONS = 5
# A stream begins as a request, and of these one user may have 64 at once.
OPENING_AT_ONCE = 24


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(path, method, target, body=None):
    """One request on a connection of its own. Returns status and body."""
    connection = UnixConnection(path)
    try:
        connection.request(method, target, body, {"Content-Type": "application/yaml"} if body else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def must(path, method, target, body=None):
    status, answer = ask(path, method, target, body)
    if status not in (200, 201):
        raise SystemExit(f"{method} {target}: {status} {answer[:300].decode(errors='replace')}")
    return answer


# MARK: Jobs

def manifest(name, seed, priority=0, samples=57):
    """A job of its own (its seed is nobody else's, so that no stage comes from the cache)."""
    return (f"version: 1\nname: {name}\nmodel: models/demo\npriority: {priority}\n"
            "calibration: {dataset: text, path: models/demo/calibration.txt, "
            f"samples: {samples}, max_tokens: 256, seed: {seed}}}\n"
            "compress:\n  - method: mka\n    ratios: [0.25]\n").encode()


def fill(path, count):
    """Submits that many jobs; of three, one is cancelled, one held, one waits."""
    def one(number):
        made = json.loads(must(path, "POST", "/v1/jobs", manifest(f"waits-{number}", number + 10)))
        order = ["cancel", "hold", None][number % 3]
        # The first jobs may run already: these can be cancelled, but not held.
        if order:
            ask(path, "POST", f"/v1/jobs/{made['id']}/{order}")

    begun = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(count)))
    return time.monotonic() - begun


# MARK: Figures of the daemon

def memory(process):
    """Resident bytes now and at most, in MiB."""
    text = Path(f"/proc/{process}/status").read_text()
    return tuple(int(re.search(rf"{key}:\s+(\d+)", text)[1]) / 1024 for key in ("VmRSS", "VmHWM"))


def processor(process):
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def commits(path):
    """How many decisions of the queue were committed so far, and their seconds."""
    text = must(path, "GET", "/metrics").decode()
    return [float(re.search(rf"^layerfold_db_commit_seconds_{key} (\S+)", text, re.M)[1])
            for key in ("count", "sum")]


def timed(path):
    """Seconds of each of some home pages, and of some submissions that are cancelled again."""
    pages = []
    for _ in range(PAGES):
        begun = time.monotonic()
        must(path, "GET", "/")
        pages.append(time.monotonic() - begun)
        time.sleep(0.1)
    submissions = []
    for _ in range(SUBMISSIONS):
        begun = time.monotonic()
        made = json.loads(must(path, "POST", "/v1/jobs", manifest("tried", 1)))
        submissions.append(time.monotonic() - begun)
        must(path, "POST", f"/v1/jobs/{made['id']}/cancel")
    return {"pages": pages, "submissions": submissions}


async def measure(name, process, path):
    """The pages are asked for by a process of their own, which the readers of this one do not hold up."""
    before = await asyncio.to_thread(commits, path)
    worked, begun = processor(process), time.monotonic()
    child = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--only-time", str(path), stdout=subprocess.PIPE)
    output, _ = await child.communicate()
    if child.returncode:
        raise SystemExit("the home page could not be had")
    figures = json.loads(output)
    after = await asyncio.to_thread(commits, path)
    share = (processor(process) - worked) / (time.monotonic() - begun)
    resident, peak = memory(process)
    count = after[0] - before[0]
    figures["median"] = statistics.median(figures["pages"])
    print(f"{name:<14} {resident:.1f} MiB (at most {peak:.1f}); home page "
          f"{figures['median'] * 1e3:.0f} ms median, {max(figures['pages']) * 1e3:.0f} worst of {PAGES}; "
          f"submission {statistics.median(figures['submissions']) * 1e3:.0f} ms; "
          f"commit {(after[1] - before[1]) / max(count, 1) * 1e3:.1f} ms; {share * 100:.0f} % of a core; "
          f"load {os.getloadavg()[0]:.1f}", flush=True)
    return figures


# MARK: Readers

class Reader:
    """A client that reads: what numbers it heard, beginning behind `first`."""

    def __init__(self):
        self.first, self.last, self.count, self.resets, self.jumps = None, None, 0, 0, 0
        self.ended = set()      # jobs whose end it heard
        self.closed = False
        self.refused = 0        # tries before the stream was there

    async def run(self, path, gate):
        async with gate:
            # On a busy machine one asks too late (408) or when all places are taken (503).
            for _ in range(5):
                reader, writer = await asyncio.open_unix_connection(str(path))
                writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"HTTP/1.1 200"):
                    break
                writer.close()
                self.refused += 1
                await asyncio.sleep(1)
            else:
                raise SystemExit(f"a stream was refused: {head[:200]!r}")
            line = b""
            while not line.startswith(b"id:"):
                line = await reader.readline()
            self.first = self.last = int(line[3:])
        try:
            kind = number = None
            while line := await reader.readline():
                if line.startswith(b"id:"):
                    number = int(line[3:])
                elif line.startswith(b"event:"):
                    kind = line[6:].strip()
                elif line.startswith(b"data:"):
                    self.hear(kind, number, line)
                    kind = None
            self.closed = True
        finally:
            writer.close()

    def hear(self, kind, number, line):
        if kind == b"reset":
            self.resets += 1
        else:
            self.count += 1
            # An admin on a server that is not private is meant by every event: no number is left out.
            self.jumps += number != self.last + 1
        self.last = number
        if kind == b"job" and (b'"state":"done"' in line or b'"state":"failed"' in line):
            event = json.loads(line[5:])
            self.ended.add((event["job"], event["state"]))


def open_slow(path):
    """A client that has asked, and has not read a byte."""
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    client.sendall(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


async def drip(clients):
    while True:
        for client in clients:
            try:
                client.recv(1, socket.MSG_DONTWAIT)
            except OSError:
                pass
        await asyncio.sleep(1)


def is_dropped(client):
    """Whether the daemon has closed it, whatever lies in the kernel still to be read."""
    poll = select.poll()
    poll.register(client, select.POLLRDHUP | select.POLLHUP)
    return bool(poll.poll(0))


async def crowd(options, process, path):
    gate = asyncio.Semaphore(OPENING_AT_ONCE)
    readers = [Reader() for _ in range(options.readers)]
    tasks = [asyncio.create_task(reader.run(path, gate)) for reader in readers]
    slow = []
    for number in range(options.slow):
        slow.append(open_slow(path))
        if number % OPENING_AT_ONCE == 0:
            await asyncio.sleep(0.5)
    dripping = asyncio.create_task(drip(slow[::2]))
    try:
        while any(reader.first is None for reader in readers):
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.1)
        figures = await measure("with the crowd", process, path)
        made = await asyncio.to_thread(
            must, path, "POST", "/v1/jobs", manifest("watched", 2, 100, options.samples))
        job, begun = json.loads(made)["id"], time.monotonic()
        # The running job makes room: what is watched is one job from its beginning to its end.
        status = json.loads(await asyncio.to_thread(must, path, "GET", "/v1/status"))
        if status.get("running"):
            await asyncio.to_thread(ask, path, "POST", f"/v1/jobs/{status['running']}/cancel")
        while not all(any(job == ended for ended, _ in reader.ended) for reader in readers):
            if time.monotonic() - begun > options.minutes * 60 or any(task.done() for task in tasks):
                break
            await asyncio.sleep(1)
        took = time.monotonic() - begun
        # What is under way arrives.
        await asyncio.sleep(3)
        resident, peak = memory(process)
        return report(readers, slow, job, took, resident, figures)
    finally:
        for task in tasks + [dripping]:
            task.cancel()
        await asyncio.gather(*tasks, dripping, return_exceptions=True)
        for client in slow:
            client.close()


def report(readers, slow, job, took, resident, figures):
    last = max(reader.last for reader in readers)
    whole = [r for r in readers if not r.jumps and not r.resets and not r.closed and r.last == last]
    heard = [r for r in readers if (job, "done") in r.ended]
    counts = [reader.count for reader in readers]
    dropped = [is_dropped(client) for client in slow]
    print(f"events         {min(counts)} to {max(counts)} a reader; {len(whole)} of {len(readers)} heard "
          f"each number from their first to the last; {sum(r.refused for r in readers)} had to ask again")
    print(f"the job's end  heard by {len(heard)} of {len(readers)}, {took:.0f} s after it was submitted; "
          f"{resident:.1f} MiB then")
    print(f"slow ones      dropped: {sum(dropped[1::2])} of {len(dropped[1::2])} that read nothing, "
          f"{sum(dropped[::2])} of {len(dropped[::2])} that read a byte a second")
    return len(whole) == len(heard) == len(readers) and figures["median"] <= PAGE_LIMIT


async def trial(options, process, path):
    print(f"filled         {options.jobs} jobs in {fill(path, options.jobs):.0f} s", flush=True)
    await measure("before", process, path)
    holds = await crowd(options, process, path)
    await asyncio.sleep(5)
    await measure("after", process, path)
    return holds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", type=Path, default=ROOT / ".build/release")
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=950)
    parser.add_argument("--slow", type=int, default=50)
    parser.add_argument("--samples", type=int, default=57, help="of the job that is watched")
    parser.add_argument("--minutes", type=float, default=30, help="to wait for the job's end")
    parser.add_argument("--only-time", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only_time:
        print(json.dumps(timed(options.only_time)))
        return
    wanted = 2 * (options.readers + options.slow) + 100
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"`ulimit -Hn` is {hard}; {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

    folder = Path(tempfile.mkdtemp(prefix="layerfold-crowd-"))
    settings, state = folder / "settings.yaml", folder / "state"
    settings.write_text(f"model_roots: [{EXAMPLE}]\ndata_roots: [{EXAMPLE}]\njobs_per_user: 10000\n")
    with open(folder / "daemon.log", "wb") as log:
        daemon = subprocess.Popen(
            [options.programs / "layerfoldd", "--state", state, "--config", settings,
             "--log-level", "warning"], stdout=log, stderr=log)
    path, holds = state / "run/layerfoldd.sock", False
    try:
        deadline = time.monotonic() + 60
        while not path.exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the daemon did not start: " + (folder / "daemon.log").read_text()[-2000:])
            time.sleep(0.1)
        load = os.getloadavg()
        print(f"machine        {os.cpu_count()} cores, load {load[0]:.1f} before")
        holds = asyncio.run(trial(options, daemon.pid, path))
    finally:
        daemon.send_signal(signal.SIGTERM)
        try:
            daemon.wait(60)
        except subprocess.TimeoutExpired:
            daemon.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print("holds" if holds else "DOES NOT HOLD")
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
