// The names in a folder, sorted, so that no result depends on the order a file system keeps.

import Glibc
package import SystemPackage

/// Listing of folders.
package enum DirectoryScan {
    package struct Entry: Equatable, Sendable {
        package let name: FilePath.Component
        package let kind: FileStatus.Kind
    }

    /// Everything in a folder but `.` and `..`, sorted by the bytes of the names.
    ///
    /// The C functions are `opendir` and `readdir`; a file system that does not tell the kind of
    /// an entry is asked with `lstat`.
    package static func entries(of folder: FilePath) throws(SystemCallError) -> [Entry] {
        try entries(of: folder, try Syscalls.open(folder, O_RDONLY | O_DIRECTORY))
    }

    /// As `entries(of:)`, of a folder that lies where others write: a link is followed, but only
    /// below the fence. It is asked of the open folder.
    /// - Parameter fence: a real path.
    /// - Throws: `SystemCallError`, EACCES for a folder that lies elsewhere.
    package static func entries(
        of folder: FilePath, below fence: FilePath
    ) throws(SystemCallError) -> [Entry] {
        let descriptor = try Syscalls.open(folder, O_RDONLY | O_DIRECTORY)
        guard Syscalls.lies(descriptor, below: fence) else {
            try? Syscalls.close(descriptor, folder)
            throw SystemCallError(.open, folder, .permissionDenied)
        }
        return try entries(of: folder, descriptor)
    }

    /// Of an open folder, which is closed.
    private static func entries(
        of folder: FilePath, _ descriptor: FileDescriptor
    ) throws(SystemCallError) -> [Entry] {
        // A listing that was interrupted is repeated, as every call is.
        if case .error(let errno) = FaultPlan.current?.next(.list, folder),
            errno != .interrupted
        {
            try? Syscalls.close(descriptor, folder)
            throw SystemCallError(.list, folder, errno)
        }
        guard let stream = unsafe fdopendir(descriptor.rawValue) else {
            let errno = Errno(rawValue: Glibc.errno)
            try? Syscalls.close(descriptor, folder)
            throw SystemCallError(.list, folder, errno)
        }
        // The stream owns the descriptor; closing a folder that was only read cannot lose data.
        defer { unsafe closedir(stream) }
        var entries: [Entry] = []
        while true {
            Glibc.errno = 0
            guard let raw = unsafe readdir(stream) else { break }
            guard let name = unsafe component(raw) else { continue }
            guard let kind = try unsafe kind(raw, folder.appending(name)) else { continue }
            entries.append(Entry(name: name, kind: kind))
        }
        guard Glibc.errno == 0 else {
            throw SystemCallError(.list, folder, Errno(rawValue: Glibc.errno))
        }
        return entries.sorted { $0.name.string.utf8.lexicographicallyPrecedes($1.name.string.utf8) }
    }

    /// The name of an entry; nil for `.` and `..`.
    private static func component(_ raw: UnsafeMutablePointer<dirent>) -> FilePath.Component? {
        unsafe withUnsafeBytes(of: &raw.pointee.d_name) { bytes in
            guard let start = unsafe bytes.assumingMemoryBound(to: CChar.self).baseAddress,
                let name = unsafe FilePath.Component(platformString: start)
            else { return nil }
            return name.kind == .regular ? name : nil
        }
    }

    /// The kind of an entry; nil if it vanished meanwhile.
    private static func kind(
        _ raw: UnsafeMutablePointer<dirent>, _ path: FilePath
    ) throws(SystemCallError) -> FileStatus.Kind? {
        switch unsafe Int(raw.pointee.d_type) {
        case Int(DT_REG): .regular
        case Int(DT_DIR): .folder
        case Int(DT_LNK): .symbolicLink
        case Int(DT_UNKNOWN): try Syscalls.stat(path)?.kind
        default: .other
        }
    }
}
