// What a folder's file system can do, tried on files of our own: whether a file can be moved to
// another folder by rename, and whether the kernel tells that somebody has a file open for writing.

import Glibc
package import SystemPackage

/// One process at a time probes a folder.
package enum FolderProbe {
    /// Whether files can be renamed from one folder into the other. That two folders have one
    /// device does not say it: between two mounts of one file system a rename fails as well.
    /// - Throws: what the kernel refused. What a process leaves that is killed meanwhile, the next
    ///   probe removes.
    package static func rename(
        from source: FilePath, to target: FilePath
    ) throws(SystemCallError) {
        let from = try make(in: source)
        let to = target.appending(name)
        do throws(SystemCallError) {
            try clear(to)
            try Syscalls.renameExclusively(from, to: to)
        } catch {
            try? Syscalls.unlink(from)
            throw error
        }
        try Syscalls.unlink(to)
    }

    /// Whether `isOpenForWriting` can be believed of this user's files in a folder. Network file
    /// systems give no leases for reasons of their own.
    package static func tellsWriters(in folder: FilePath) throws(SystemCallError) -> Bool {
        let file = try make(in: folder)
        defer { try? Syscalls.unlink(file) }
        return isOpenForWriting(file) == false
    }

    /// Whether some process has the file open for writing; nil where the kernel does not tell us:
    /// it does for files of our own, and for those of others only to root.
    ///
    /// The C function is `fcntl` with `F_SETLEASE`, which refuses a read lease beside a writer.
    package static func isOpenForWriting(_ file: FilePath) -> Bool? {
        // Who opens the file for writing while we hold the lease sends us SIGIO, which kills.
        _ = ignoresLeaseSignals
        let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY
        guard let descriptor = try? Syscalls.open(file, flags) else { return nil }
        defer { try? Syscalls.close(descriptor, file) }
        if fcntl(descriptor.rawValue, linuxSetLease, CInt(F_RDLCK)) == 0 {
            _ = fcntl(descriptor.rawValue, linuxSetLease, CInt(F_UNLCK))
            return false
        }
        return errno == EAGAIN ? true : nil
    }

    private static let ignoresLeaseSignals: Bool = {
        signal(SIGIO, SIG_IGN)
        return true
    }()

    /// Made anew each time: one that an earlier process left is removed.
    private static func make(in folder: FilePath) throws(SystemCallError) -> FilePath {
        let path = folder.appending(name)
        try clear(path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        try Syscalls.close(try Syscalls.open(path, flags, mode: 0o600), path)
        return path
    }

    private static func clear(_ path: FilePath) throws(SystemCallError) {
        if try Syscalls.stat(path) != nil { try Syscalls.unlink(path) }
    }

    private static let name = ".layerfold-probe"
}
