// Workers in units of their own that no row of the index tells of: it was lost meanwhile. Two
// workers of one job would write over one another.

import DurableIO
import Glibc
package import SystemPackage

package enum StrayWorkers {
    /// The living ones whose job lies in `jobs`: they work in their job's folder.
    package static func all(in jobs: FilePath) -> [ProcessIdentity] {
        guard let place = (try? Syscalls.stat(jobs)) ?? nil else { return [] }
        let entries = (try? DirectoryScan.entries(of: "/proc")) ?? []
        return entries.compactMap { entry -> ProcessIdentity? in
            guard let number = Int(entry.name.string),
                let worker = ProcessIdentity(of: number), worker.outlivesDaemon,
                let parent = workingFolder(of: number)?.removingLastComponent(),
                // By identity: the kernel's name for it has no links, ours may.
                let status = try? Syscalls.stat(parent), status.isSameFile(as: place)
            else { return nil }
            return worker
        }
    }

    /// Nil also for processes of other users.
    private static func workingFolder(of process: Int) -> FilePath? {
        let bytesMax = 4_096
        let link = FilePath("/proc/\(process)/cwd")
        let bytes = unsafe [CChar](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = max(0, unsafe link.withPlatformString { unsafe readlink($0, start, bytesMax) })
        }
        guard !bytes.isEmpty else { return nil }
        return FilePath(String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}
