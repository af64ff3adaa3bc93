// Workers in units of their own that no row of the index tells of: it was lost meanwhile. Two
// workers of one job would write over one another.

import DurableIO
package import SystemPackage

package enum StrayWorkers {
    /// The living ones whose job lies in `jobs`: they work in their job's folder.
    package static func all(in jobs: FilePath) -> [ProcessIdentity] {
        guard let place = (try? Syscalls.stat(jobs)) ?? nil else { return [] }
        let entries = (try? DirectoryScan.entries(of: "/proc")) ?? []
        return entries.compactMap { entry -> ProcessIdentity? in
            guard let number = Int(entry.name.string),
                let worker = ProcessIdentity(of: number), worker.outlivesDaemon,
                // By identity: its mounts are not ours, and names may differ. Processes of other
                // users do not tell.
                let parent = try? Syscalls.stat(FilePath("/proc/\(number)/cwd/..")),
                parent.isSameFile(as: place)
            else { return nil }
            return worker
        }
    }
}
