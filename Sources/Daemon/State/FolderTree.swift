// Removal of a folder with all that is in it, and what it takes on the disk. Links are removed,
// never followed. Owners of results may change what lies in them at any moment, so each folder is
// held open and asked for its names through that: a folder that becomes a link meanwhile leads
// nowhere.

package import DurableIO
import Glibc
import Jobs
package import SystemPackage

package enum FolderTree {
    /// Results are two levels deep; anything deeper than this was not made by a worker.
    private static let depthMax = 32

    package static func remove(_ folder: FilePath) throws(SystemCallError) {
        try walk(folder, folder, depth: 0) { (entry, held, path) throws(SystemCallError) in
            let held = held.appending(entry.name)
            if entry.kind == .folder {
                try renaming(held, to: path) { () throws(SystemCallError) in
                    try Syscalls.rmdir(held)
                }
            } else {
                try renaming(held, to: path) { () throws(SystemCallError) in
                    try Syscalls.unlink(held)
                }
            }
        }
        try Syscalls.rmdir(folder)
    }

    /// The bytes of all files in the folder; of a file with several names each time. What may not
    /// be looked into counts as nothing. Holes count: `Int.max` is what files may say together.
    package static func byteCount(of folder: FilePath) -> Int {
        var bytes = 0
        do throws(SystemCallError) {
            try walk(folder, folder, depth: 0) { (entry, held, _) throws(SystemCallError) in
                guard entry.kind == .regular else { return }
                let status = try Syscalls.stat(held.appending(entry.name))
                bytes = bytes.addingClamped(status?.byteCount ?? 0)
            }
        } catch {
            return bytes
        }
        return bytes
    }

    /// Calls `visit` with everything below the folder, what is in a folder before the folder.
    /// - Parameter visit: gets the entry, the folder that holds it, by its open descriptor, and
    ///   the entry's path for people.
    private static func walk(
        _ folder: FilePath, _ shown: FilePath, depth: Int,
        _ visit: (DirectoryScan.Entry, FilePath, FilePath) throws(SystemCallError) -> Void
    ) throws(SystemCallError) {
        guard depth < depthMax else {
            throw SystemCallError(.rmdir, shown, .tooManySymbolicLinkLevels)
        }
        let (descriptor, entries, held) = try renaming(folder, to: shown) {
            () throws(SystemCallError) in try hold(folder)
        }
        defer { try? Syscalls.close(descriptor, shown) }
        for entry in entries {
            let shown = shown.appending(entry.name)
            if entry.kind == .folder {
                try walk(held.appending(entry.name), shown, depth: depth + 1, visit)
            }
            try visit(entry, held, shown)
        }
    }

    /// The open folder, what is in it, and a path that stays its own.
    private static func hold(
        _ folder: FilePath
    ) throws(SystemCallError) -> (FileDescriptor, [DirectoryScan.Entry], FilePath) {
        let descriptor = try Syscalls.open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let held = FilePath("/proc/self/fd/\(descriptor.rawValue)")
        do throws(SystemCallError) {
            return (descriptor, try DirectoryScan.entries(of: held), held)
        } catch {
            try? Syscalls.close(descriptor, folder)
            throw error
        }
    }

    /// Errors name what people know.
    private static func renaming<Value>(
        _ held: FilePath, to path: FilePath, _ body: () throws(SystemCallError) -> Value
    ) throws(SystemCallError) -> Value {
        do throws(SystemCallError) {
            return try body()
        } catch {
            throw SystemCallError(error.call, path, error.errno)
        }
    }
}
