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

    /// Removes all that can be removed, whatever stays: among results there may be what is not the
    /// daemon's to remove, and nothing else is kept for it.
    /// - Throws: why the first of what stays does so.
    package static func remove(_ folder: FilePath) throws(SystemCallError) {
        let first = walk(folder, folder, depth: 0) {
            (entry, held, path, below) throws(SystemCallError) in
            let held = held.appending(entry.name)
            do throws(SystemCallError) {
                if entry.kind == .folder {
                    try Syscalls.rmdir(held)
                } else {
                    try Syscalls.unlink(held)
                }
            } catch {
                // A folder that is closed goes as well, if it is empty.
                throw below ?? SystemCallError(error.call, path, error.errno)
            }
        }
        do throws(SystemCallError) {
            try Syscalls.rmdir(folder)
        } catch {
            throw first ?? error
        }
    }

    /// The bytes of all files in the folder; of a file with several names each time. What may not
    /// be looked into counts as nothing. Holes count: `Int.max` is what files may say together.
    package static func byteCount(of folder: FilePath) -> Int { size(of: folder).bytes }

    /// - Returns: as `byteCount`; and why something is not among the bytes, nil where everything
    ///   is. What vanishes meanwhile is nothing.
    package static func size(of folder: FilePath) -> (bytes: Int, uncounted: SystemCallError?) {
        var bytes = 0
        let uncounted = walk(folder, folder, depth: 0) {
            (entry, held, path, below) throws(SystemCallError) in
            if let below, !below.isMissing { throw below }
            guard entry.kind == .regular else { return }
            let status = try renaming(held, to: path) { () throws(SystemCallError) in
                try Syscalls.stat(held.appending(entry.name))
            }
            bytes = bytes.addingClamped(status?.byteCount ?? 0)
        }
        return (bytes, uncounted.flatMap { $0.isMissing ? nil : $0 })
    }

    /// Calls `visit` with everything below the folder, what is in a folder before the folder.
    /// - Parameter visit: gets the entry, the folder that holds it, by its open descriptor, the
    ///   entry's path for people, and the first error below it.
    /// - Returns: the first error. Everything that it is not about is visited all the same.
    private static func walk(
        _ folder: FilePath, _ shown: FilePath, depth: Int,
        _ visit: (
            DirectoryScan.Entry, FilePath, FilePath, SystemCallError?
        ) throws(SystemCallError) -> Void
    ) -> SystemCallError? {
        guard depth < depthMax else {
            return SystemCallError(.rmdir, shown, .tooManySymbolicLinkLevels)
        }
        let open: (descriptor: FileDescriptor, entries: [DirectoryScan.Entry], path: FilePath)
        do throws(SystemCallError) {
            open = try renaming(folder, to: shown) { () throws(SystemCallError) in
                try hold(folder)
            }
        } catch {
            return error
        }
        defer { try? Syscalls.close(open.descriptor, shown) }
        var first: SystemCallError?
        for entry in open.entries {
            let shown = shown.appending(entry.name)
            let below =
                entry.kind == .folder
                ? walk(open.path.appending(entry.name), shown, depth: depth + 1, visit) : nil
            do throws(SystemCallError) {
                try visit(entry, open.path, shown, below)
            } catch {
                first = first ?? error
            }
        }
        return first
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
