// Kernel calls on names: rename, link, unlink, folders, permissions, times, space.

import Glibc
package import SystemPackage

extension Syscalls {
    /// Renames `source` over `target`. The C function is `rename`.
    package static func rename(
        _ source: FilePath, to target: FilePath
    ) throws(SystemCallError) {
        _ = try checked(.rename, target, from: source) {
            unsafe source.withPlatformString { from in
                unsafe target.withPlatformString { to in unsafe Glibc.rename(from, to) }
            }
        }
    }

    /// Renames `source` to `target` unless `target` exists (then EEXIST).
    ///
    /// The C function is `renameat2` with `RENAME_NOREPLACE`. File systems that do not know the
    /// flag (NFS: EINVAL) get `link` and `unlink`, which refuse an existing target as well;
    /// folders, which have one name only, get a look at the target and a plain `rename`.
    package static func renameExclusively(
        _ source: FilePath, to target: FilePath
    ) throws(SystemCallError) {
        do {
            _ = try checked(.rename, target, from: source, isExclusive: true) {
                unsafe source.withPlatformString { from in
                    unsafe target.withPlatformString { to in
                        unsafe linuxRenameat2(
                            AT_FDCWD, from, AT_FDCWD, to, linuxRenameNoReplace)
                    }
                }
            }
        } catch let error where error.errno == .invalidArgument {
            guard let moved = try stat(source) else {
                throw SystemCallError(.rename, target, .noSuchFileOrDirectory)
            }
            guard moved.kind != .folder else {
                return try renameFolder(source, moved, to: target)
            }
            try link(source, to: target)
            try unlink(source)
        }
    }

    /// As `renameExclusively`, by a plain rename. That replaces neither a file nor a folder that
    /// holds something: what may be lost is an empty folder that somebody makes between the look
    /// and the rename.
    ///
    /// An answer may be lost between two machines, and the question asked again, which then finds
    /// no source: what counts is whether the target is the folder.
    private static func renameFolder(
        _ source: FilePath, _ moved: FileStatus, to target: FilePath
    ) throws(SystemCallError) {
        guard try stat(target) == nil else {
            throw SystemCallError(.rename, target, .fileExists)
        }
        do throws(SystemCallError) {
            try rename(source, to: target)
        } catch {
            if let named = (try? stat(target)) ?? nil, named.isSameFile(as: moved) { return }
            // The same to callers: the name was taken.
            guard error.errno == .directoryNotEmpty else { throw error }
            throw SystemCallError(.rename, target, .fileExists)
        }
    }

    /// Gives `source` a second name, `target` (EEXIST if it exists). The C function is `link`.
    package static func link(_ source: FilePath, to target: FilePath) throws(SystemCallError) {
        _ = try checked(.link, target, from: source) {
            unsafe source.withPlatformString { from in
                unsafe target.withPlatformString { to in unsafe Glibc.link(from, to) }
            }
        }
    }

    /// Removes the name of a file. The C function is `unlink`.
    package static func unlink(_ path: FilePath) throws(SystemCallError) {
        _ = try checked(.unlink, path) {
            unsafe path.withPlatformString { name in unsafe Glibc.unlink(name) }
        }
    }

    /// Removes an empty folder. The C function is `rmdir`.
    package static func rmdir(_ path: FilePath) throws(SystemCallError) {
        _ = try checked(.rmdir, path) {
            unsafe path.withPlatformString { name in unsafe Glibc.rmdir(name) }
        }
    }

    /// Makes a folder (EEXIST if the name is taken). The C function is `mkdir`.
    package static func mkdir(
        _ path: FilePath, mode: CInterop.Mode = 0o755
    ) throws(SystemCallError) {
        _ = try checked(.mkdir, path) {
            unsafe path.withPlatformString { name in unsafe Glibc.mkdir(name, mode) }
        }
    }

    /// Type, size, owner and times of what a name stands for; links are not followed.
    ///
    /// The C function is `lstat`.
    /// - Returns: Nil if there is no such name.
    package static func stat(_ path: FilePath) throws(SystemCallError) -> FileStatus? {
        var raw = Glibc.stat()
        do {
            _ = try checked(.stat, path) {
                unsafe path.withPlatformString { name in unsafe Glibc.lstat(name, &raw) }
            }
        } catch let error where error.isMissing {
            return nil
        }
        return FileStatus(raw)
    }

    /// Sets access and modification time to now, by the clock of the file system.
    ///
    /// Opens nothing. The C function is `utimensat` with `UTIME_NOW`.
    package static func touch(_ path: FilePath) throws(SystemCallError) {
        _ = try checked(.utimens, path) {
            unsafe path.withPlatformString { name in
                unsafe Glibc.utimensat(AT_FDCWD, name, nil, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Sets the modification time, in seconds since 1970 UTC. The C function is `utimensat`.
    package static func setModified(
        _ path: FilePath, seconds: Int
    ) throws(SystemCallError) {
        let times = [
            timespec(tv_sec: 0, tv_nsec: linuxUtimeOmit), timespec(tv_sec: seconds, tv_nsec: 0),
        ]
        _ = try checked(.utimens, path) {
            unsafe path.withPlatformString { name in
                unsafe Glibc.utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Makes the names in a folder durable: opens it, syncs it, closes it.
    ///
    /// The folder of a name without one is the current folder.
    package static func syncFolder(_ path: FilePath) throws(SystemCallError) {
        let path: FilePath = path.isEmpty ? "." : path
        let descriptor = try open(path, O_RDONLY | O_DIRECTORY)
        do {
            try fsync(descriptor, path)
        } catch {
            try? close(descriptor, path)
            throw error
        }
        try close(descriptor, path)
    }

    /// Makes a folder and its missing parents, each durable in its own parent.
    package static func makeFolders(
        _ path: FilePath, mode: CInterop.Mode = 0o755
    ) throws(SystemCallError) {
        if try stat(path) != nil { return }
        let parent = path.removingLastComponent()
        if !parent.isEmpty, parent != path { try makeFolders(parent, mode: mode) }
        do {
            try mkdir(path, mode: mode)
        } catch let error where error.errno == .fileExists {
            return
        }
        try syncFolder(parent)
    }
}
