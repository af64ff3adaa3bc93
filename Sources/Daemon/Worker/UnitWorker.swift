// A worker that is not our child: told from one that is, waited for and stopped, also by a daemon
// that did not start it.

import DurableIO
import Glibc
import Jobs
import SystemPackage

extension ProcessIdentity {
    /// Whether this very process is a worker in a unit of its own, by its command line: one that
    /// does not end with its daemon.
    package var outlivesDaemon: Bool {
        let path = FilePath("/proc/\(process)/cmdline")
        guard let bytes = try? SmallFile.read(path, bytesMax: 65_536) else { return false }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        // Last, so that the words are not another process's.
        return words.contains(WorkerGreeting.flag) && isAlive
    }

    private static let pollInterval = Duration.milliseconds(200)

    /// Returns when the process is gone; asks it to end as soon as `stop` says so.
    package func waitForEnd(stop: StopSwitch, grace: Duration) async {
        let stopping = Task {
            await stop.wait()
            if !Task.isCancelled { await self.stop(grace: grace) }
        }
        defer { stopping.cancel() }
        while isAlive, !Task.isCancelled { try? await Task.sleep(for: Self.pollInterval) }
    }

    /// Waits for the end of a process that ought to end by itself, then makes it; returns when it
    /// is gone. One that hangs in the kernel keeps its place until then, as a child does.
    func end(within grace: Duration) async {
        await wait(atMost: grace)
        await stop(grace: grace)
        while isAlive, process > 1, !Task.isCancelled {
            try? await Task.sleep(for: Self.pollInterval)
        }
    }

    /// SIGTERM, and SIGKILL to what is still there after `grace`.
    func stop(grace: Duration) async {
        guard isAlive, process > 1 else { return }
        _ = Glibc.kill(pid_t(process), SIGTERM)
        await wait(atMost: grace)
        // The wait is given up only where the process is gone.
        if !Task.isCancelled { kill() }
    }

    private func wait(atMost time: Duration) async {
        let end = ContinuousClock.now + time
        while isAlive, ContinuousClock.now < end, !Task.isCancelled {
            let left = ContinuousClock.now.duration(to: end)
            try? await Task.sleep(for: min(Self.pollInterval, left))
        }
    }
}
