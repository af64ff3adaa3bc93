// Whether somebody may read a file: the right to read it, and the right to pass through every
// folder above it, as the kernel would ask if he opened it himself.

package import SystemPackage

/// A right that somebody lacks.
package struct MissingRight: Sendable, Equatable {
    /// The file, or the folder above it, whose rights lack.
    package let path: FilePath
    package let rights: AccessList.Rights
    package let status: FileStatus
    package let hasList: Bool
}

package enum FileAccess {
    /// - Parameters:
    ///   - path: a real path, free of links.
    ///   - rights: on the file itself.
    /// - Returns: What lacks first on the way to the file; nil where all is allowed, or where
    ///   nothing is there.
    package static func missingRight(
        _ rights: AccessList.Rights, on path: FilePath, for reader: FileReader
    ) throws(SystemCallError) -> MissingRight? {
        if reader.isRoot { return nil }
        for folder in ancestors(of: path) {
            if let missing = try missing(.search, folder, reader) { return missing }
        }
        return try missing(rights, path, reader)
    }

    /// The folders above, outermost first.
    static func ancestors(of path: FilePath) -> [FilePath] {
        var folders: [FilePath] = []
        var folder = path
        while folder.removeLastComponent() { folders.append(folder) }
        return folders.filter { !$0.isEmpty }.reversed()
    }

    private static func missing(
        _ rights: AccessList.Rights, _ path: FilePath, _ reader: FileReader
    ) throws(SystemCallError) -> MissingRight? {
        guard let status = try Syscalls.stat(path) else { return nil }
        let list = try Syscalls.accessList(path)
        let access = list ?? AccessList(permissions: status.permissions)
        guard !access.allows(rights, to: reader, owner: status.owner, group: status.group) else {
            return nil
        }
        return MissingRight(path: path, rights: rights, status: status, hasList: list != nil)
    }
}
