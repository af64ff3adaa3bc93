// Which process an attempt runs in, so that it is found again after the daemon died, and no
// innocent process of the same number is ever killed.

import DurableIO
import Glibc
import SystemPackage

/// A process number, told from later processes of the same number by its start time, and from
/// those of another boot by the boot's identifier.
package struct ProcessIdentity: Sendable, Equatable {
    package let process: Int
    /// Clock ticks since boot, field 22 of /proc/PID/stat.
    package let start: Int
    package let boot: String

    package init(process: Int, start: Int, boot: String) {
        self.process = process
        self.start = start
        self.boot = boot
    }

    /// The identity of a living process, or nil.
    package init?(of process: Int) {
        guard let start = Self.startTime(of: process), let boot = Self.bootIdentifier() else {
            return nil
        }
        self.init(process: process, start: start, boot: boot)
    }

    /// Whether this very process still exists. A zombie counts as gone.
    package var isAlive: Bool {
        boot == Self.bootIdentifier() && start == Self.startTime(of: process)
    }

    /// Kills the process and its group, if it is still this very process.
    package func kill() {
        guard isAlive, process > 1 else { return }
        // The worker leads a group of its own number. Where the group is gone, so is the process.
        _ = Glibc.kill(-pid_t(process), SIGKILL)
        _ = Glibc.kill(pid_t(process), SIGKILL)
    }

    /// Has the kernel take this process first when memory runs out: a worker costs one attempt, the
    /// daemon costs all. Best effort.
    package func preferForMemoryKill() {
        let path = FilePath("/proc/\(process)/oom_score_adj")
        guard isAlive, let descriptor = try? Syscalls.open(path, O_WRONLY) else { return }
        defer { try? Syscalls.close(descriptor, path) }
        let score = Array("500".utf8)
        try? unsafe Syscalls.write(descriptor, path, score.span.bytes)
    }

    static func bootIdentifier() -> String? {
        text(of: "/proc/sys/kernel/random/boot_id").map {
            String($0.prefix { !$0.isNewline })
        }
    }

    private static func startTime(of process: Int) -> Int? {
        guard let text = text(of: FilePath("/proc/\(process)/stat")) else { return nil }
        // The name in field 2 may hold anything, so count from its closing parenthesis.
        guard let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
        return Int(fields[19])
    }

    private static func text(of path: FilePath) -> String? {
        let bytes = try? SmallFile.read(path, bytesMax: 4_096)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }
}
