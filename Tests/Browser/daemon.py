"""The real daemon on a state folder of its own, reached over TCP with a token."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Daemon:
    """layerfoldd with the demo model; gone with everything it made when it is closed."""

    def __init__(self, root, binaries):
        self.root = root
        self.program = os.path.join(binaries, "layerfold")
        self.folder = tempfile.mkdtemp(prefix="lf-browser-")
        self.state = os.path.join(self.folder, "state")
        self.log = open(os.path.join(self.folder, "daemon.log"), "wb")
        self.address = f"http://127.0.0.1:{self._free_port()}"
        settings = os.path.join(self.folder, "settings.yaml")
        with open(settings, "w") as file:
            file.write(f"listen: {self.address.removeprefix('http://')}\n")
        models = os.path.join(root, "inbox-example")
        self.process = subprocess.Popen(
            [os.path.join(binaries, "layerfoldd"), "--config", settings, "--state", self.state,
             "--model-root", models, "--data-root", models, "--settle-seconds", "0.2",
             "--grace-seconds", "5", "--rescan-seconds", "1"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                words = self.words()
                self.close()
                raise SystemExit(f"the daemon did not start:\n{words}")
            time.sleep(0.1)

    @staticmethod
    def _free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def _answers(self):
        return subprocess.run(
            [self.program, "ls", "--state", self.state], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0

    def run(self, *arguments):
        """What `layerfold` prints."""
        done = subprocess.run(
            [self.program, *arguments, "--state", self.state], text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"layerfold {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def token(self, scope, name="browser"):
        return self.run("token", "new", "--scope", scope, "--name", name).strip()

    def drop(self, name, text):
        """Puts a file into the inbox, whole."""
        inbox = os.path.join(self.state, "inbox")
        hidden = os.path.join(inbox, ".dropped")
        with open(hidden, "w") as file:
            file.write(text)
        os.rename(hidden, os.path.join(inbox, name))

    def words(self):
        self.log.flush()
        with open(self.log.name, "rb") as file:
            return file.read()[-3000:].decode(errors="replace")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
