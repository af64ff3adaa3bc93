// Workers in units of their own that no row of the index tells of: it was lost meanwhile. Two
// workers of one job would write over one another.

import DurableIO
import Glibc
package import SystemPackage

package enum StrayWorkers {
    /// The living ones whose job lies in `jobs`, with its identifier: they work in their job's
    /// folder.
    package static func all(in jobs: FilePath) -> [(job: String, worker: ProcessIdentity)] {
        guard let place = (try? Syscalls.stat(jobs)) ?? nil else { return [] }
        let entries = (try? DirectoryScan.entries(of: "/proc")) ?? []
        return entries.compactMap { entry -> (job: String, worker: ProcessIdentity)? in
            guard let number = Int(entry.name.string),
                let worker = ProcessIdentity(of: number), worker.outlivesDaemon,
                // By identity: its mounts are not ours, and names may differ. Processes of other
                // users do not tell.
                let parent = try? Syscalls.stat(FilePath("/proc/\(number)/cwd/..")),
                parent.isSameFile(as: place)
            else { return nil }
            return (folder(of: number), worker)
        }
    }

    /// The name of the folder that a process works in; empty where it is gone meanwhile.
    private static func folder(of process: Int) -> String {
        let bytesMax = 4_096
        let bytes = unsafe [CChar](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = max(0, unsafe readlink("/proc/\(process)/cwd", start, bytesMax))
        }
        let path = FilePath(String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self))
        return path.lastComponent?.string ?? ""
    }
}
