// How much memory this process may have, so that a stage that needs more is refused before it
// starts: a worker that the kernel kills for memory has worked for nothing, and would again.

package import Failures

/// The least of what the machine has and what the process is allowed.
package struct MemoryLimit: Sendable, Equatable {
    package let bytes: Int
    /// What sets it, as people know it.
    package let origin: String

    /// nil where /proc tells nothing.
    package static func current() -> MemoryLimit? { least(read: kernelText) }

    /// - Parameter read: the text of a file of /proc or /sys; nil where it cannot be read.
    package static func least(read: (String) -> String?) -> MemoryLimit? {
        var found: [MemoryLimit] = []
        if let total = read("/proc/meminfo").flatMap(totalBytes) {
            found.append(MemoryLimit(bytes: total, origin: "this machine has"))
        }
        for file in controlGroupFiles(read("/proc/self/cgroup") ?? "") {
            // "max", or version 1's number of no limit, is as good as none.
            guard let text = read(file), let bytes = Int(text.trimmed) else { continue }
            found.append(MemoryLimit(bytes: bytes, origin: "its control group (MemoryMax=) allows"))
        }
        return found.min { $0.bytes < $1.bytes }
    }

    private static func totalBytes(_ meminfo: String) -> Int? {
        let line = meminfo.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }

    /// Of the process's control group and all above it, in both versions (cgroups(7)).
    private static func controlGroupFiles(_ membership: String) -> [String] {
        membership.split(separator: "\n").flatMap { line -> [String] in
            let parts = line.split(
                separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { return [] }
            let (root, file): (String, String)
            if parts[1].isEmpty {
                (root, file) = ("/sys/fs/cgroup", "memory.max")
            } else if parts[1].split(separator: ",").contains("memory") {
                (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            } else {
                return []
            }
            let names = parts[2].split(separator: "/")
            let folders = (0...names.count).map { depth in
                ([root[...]] + names.prefix(depth)).joined(separator: "/")
            }
            return folders.map { $0 + "/" + file }
        }
    }
}

/// A stage needs more memory than there is. Nothing of it was begun.
package struct MemoryMissing: ClassifiedFailure, Equatable, CustomStringConvertible {
    package var failureClass: FailureClass { .resource }

    package let stage: String
    package let neededBytes: Int
    package let limit: MemoryLimit

    package var description: String {
        "stage \(stage) would hold about \(neededBytes >> 20) MiB of memory, and \(limit.origin) "
            + "\(limit.bytes >> 20) MiB: give fewer or shorter calibration samples (`samples`, "
            + "`max_tokens`), another method, or more memory; stages that are done are kept"
    }
}

extension String {
    fileprivate var trimmed: Substring {
        drop(while: \.isWhitespace).prefix { !$0.isWhitespace }
    }
}
