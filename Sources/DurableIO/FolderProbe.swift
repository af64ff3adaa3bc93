// What a folder's file system can do, tried on files of our own: whether a file can be moved to
// another folder by rename, whether a folder can be named anew, and whether the kernel tells that
// somebody has a file open for writing.

import Glibc
package import SystemPackage

/// Each probe has a name of its own; what is left of one whose process was killed, the next
/// removes.
package enum FolderProbe {
    /// Whether files can be renamed from one folder into the other. That two folders have one
    /// device does not say it: between two mounts of one file system a rename fails as well.
    /// - Throws: what the kernel refused. What a process leaves that is killed meanwhile, the next
    ///   probe removes.
    package static func rename(
        from source: FilePath, to target: FilePath
    ) throws(SystemCallError) {
        sweep(target)
        let from = try make(in: source)
        guard let name = from.lastComponent else { return }
        let to = target.appending(name)
        do throws(SystemCallError) {
            try Syscalls.renameExclusively(from, to: to)
        } catch {
            try? Syscalls.unlink(from)
            throw error
        }
        try Syscalls.unlink(to)
    }

    /// Whether a folder with a file in it can be given another name, as results are that are put in
    /// place, and what was discarded.
    /// - Parameter name: of what is made for that and removed: nobody else's, on any machine.
    /// - Throws: what the kernel refused.
    package static func moveFolder(
        in folder: FilePath, named name: String
    ) throws(SystemCallError) {
        let (from, to) = (folder.appending(name), folder.appending(name + "-moved"))
        defer {
            removeFolder(from)
            removeFolder(to)
        }
        try Syscalls.mkdir(from, mode: 0o700)
        let file = from.appending(contentsName)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        try Syscalls.close(try Syscalls.open(file, flags, mode: 0o600), file)
        try Syscalls.renameExclusively(from, to: to)
        guard try Syscalls.stat(to.appending(contentsName)) != nil else {
            throw SystemCallError(.rename, to, .noSuchFileOrDirectory)
        }
    }

    /// Removes what is left of `moveFolder` whose process was killed.
    package static func removeFolder(_ folder: FilePath) {
        try? Syscalls.unlink(folder.appending(contentsName))
        try? Syscalls.rmdir(folder)
    }

    private static let contentsName = "contents"

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
        let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY
        guard let descriptor = try? Syscalls.open(file, flags) else { return nil }
        defer { try? Syscalls.close(descriptor, file) }
        let isOpen = takeLease(descriptor)
        if isOpen == false { endLease(descriptor) }
        return isOpen
    }

    /// Takes a read lease, while which nobody can open the file for writing.
    /// - Returns: false where we have it now, true where somebody has the file open for writing,
    ///   nil where the kernel gives us none.
    static func takeLease(_ descriptor: FileDescriptor) -> Bool? {
        // Who opens the file for writing while we hold the lease sends us SIGIO, which kills.
        _ = ignoresLeaseSignals
        if fcntl(descriptor.rawValue, linuxSetLease, CInt(F_RDLCK)) == 0 { return false }
        return errno == EAGAIN ? true : nil
    }

    static func endLease(_ descriptor: FileDescriptor) {
        _ = fcntl(descriptor.rawValue, linuxSetLease, CInt(F_UNLCK))
    }

    private static let ignoresLeaseSignals: Bool = {
        signal(SIGIO, SIG_IGN)
        return true
    }()

    private static func make(in folder: FilePath) throws(SystemCallError) -> FilePath {
        sweep(folder)
        let unique = UInt64.random(in: 0...UInt64.max)
        let path = folder.appending("\(prefix)\(getpid())-\(String(unique, radix: 36))")
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        try Syscalls.close(try Syscalls.open(path, flags, mode: 0o600), path)
        return path
    }

    /// Removes what processes left that are gone. What cannot be removed is in nobody's way.
    private static func sweep(_ folder: FilePath) {
        for entry in (try? DirectoryScan.entries(of: folder)) ?? [] where entry.kind == .regular {
            let words = entry.name.string.dropFirst(prefix.count).split(separator: "-")
            guard entry.name.string.hasPrefix(prefix),
                let owner = words.first.flatMap({ Int32($0) }), !ProcessLife.isAlive(owner)
            else { continue }
            try? Syscalls.unlink(folder.appending(entry.name))
        }
    }

    private static let prefix = ".layerfold-probe-"
}
