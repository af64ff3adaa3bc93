// The kernel's word on who was killed for memory: the counters of a process's control groups,
// before and after. Signal 9 alone says nothing: anybody may have sent it.

import DurableIO
import SystemPackage

/// Processes that the kernel has killed for memory, by counter.
package struct MemoryKills: Sendable, Equatable {
    package struct Counter: Sendable, Equatable {
        /// The kernel's file.
        package let file: String
        package let kills: Int
    }

    /// The innermost control group first; of the whole machine last.
    package let counters: [Counter]

    package static func read(_ path: String) -> String? {
        let bytes = try? SmallFile.read(FilePath(path), bytesMax: 65_536)
        return bytes.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Reads the counters that concern a living process.
    /// - Parameter read: the text of a file of /proc or /sys; nil where it cannot be read.
    package init(of process: Int, read: (String) -> String? = Self.read) {
        let files = Self.files(read("/proc/\(process)/cgroup") ?? "")
        counters = files.compactMap { file in
            read(file).flatMap(Self.kills).map { Counter(file: file, kills: $0) }
        }
    }

    /// The kill that happened since, if one did. A group that is gone by now (a service's, when it
    /// ended) is told of by the one around it, which counts for it.
    package func killSince(read: (String) -> String? = Self.read) -> MemoryKill? {
        for counter in counters {
            guard let now = read(counter.file).flatMap(Self.kills) else { continue }
            return now > counter.kills
                ? MemoryKill(file: counter.file, before: counter.kills, after: now) : nil
        }
        return nil
    }

    /// The value of `oom_kill` in memory.events (cgroup v2), memory.oom_control (v1) or vmstat.
    package static func kills(in text: String) -> Int? {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == "oom_kill" { return Int(words[1]) }
        }
        return nil
    }

    /// Where the counters of a process lie, by its /proc/PID/cgroup (cgroups(7)).
    package static func files(_ membership: String) -> [String] {
        let groups = membership.split(separator: "\n").flatMap { line -> [String] in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let (root, name): (String, String)
            if parts[1].isEmpty {
                (root, name) = ("/sys/fs/cgroup", "memory.events")
            } else if parts[1].split(separator: ",").contains("memory") {
                (root, name) = ("/sys/fs/cgroup/memory", "memory.oom_control")
            } else {
                return []
            }
            let folders = parts[2].split(separator: "/")
            return (0...folders.count).reversed().map { depth in
                ([root[...]] + folders.prefix(depth)).joined(separator: "/") + "/" + name
            }
        }
        return groups + ["/proc/vmstat"]
    }
}

/// The kernel killed for memory where the worker was.
package struct MemoryKill: Sendable, Hashable {
    package let file: String
    package let before: Int
    package let after: Int

    package init(file: String, before: Int, after: Int) {
        self.file = file
        self.before = before
        self.after = after
    }
}
