// A folder that gets its final name when it is whole. As with `ScratchFolder` the kernel's lock
// tells whether whoever fills it lives: process numbers of containers and of other machines say
// nothing here.

import Glibc
package import SystemPackage

/// `<parent>/<prefix><process>-<number>@<machine><suffix>`, locked until this value ends. Its owner
/// renames or removes it; what a killed owner left is found by `forEachAbandoned`.
package struct UnfinishedFolder: ~Copyable {
    package let path: FilePath
    private let descriptor: FileDescriptor

    /// Makes and locks a new folder below `parent`, which exists.
    package init(
        in parent: FilePath, prefix: String, suffix: String
    ) throws(SystemCallError) {
        (path, descriptor) = try ScratchFolder.makeFolder(mode: 0o755) {
            parent.appending(prefix + $0 + suffix)
        }
    }

    /// Lends each folder below `parent` that a dead owner on this machine left, locked; those of
    /// other machines, whose locks are not seen here, stay, as what cannot be looked at.
    package static func forEachAbandoned(
        in parent: FilePath, prefix: String, suffix: String, _ body: (FilePath) -> Void
    ) {
        for entry in (try? DirectoryScan.entries(of: parent)) ?? [] {
            let name = entry.name.string
            guard entry.kind == .folder, name.hasPrefix(prefix), name.hasSuffix(suffix),
                isOwner(name.dropFirst(prefix.count).dropLast(suffix.count))
            else { continue }
            let path = parent.appending(name)
            guard let found = try? ScratchFolder.lockFolder(path) else { continue }
            body(path)
            try? Syscalls.close(found, path)
        }
    }

    /// `<process>-<number>@<this machine>`, or `<process>` alone, as earlier versions wrote it.
    private static func isOwner(_ text: Substring) -> Bool {
        let parts = text.split(separator: Machine.mark, omittingEmptySubsequences: false)
        guard let process = parts.first, parts.count <= 2,
            parts.count == 1 || parts[1] == Machine.name
        else { return false }
        return !process.isEmpty && process.allSatisfy { $0.isASCII && ($0.isNumber || $0 == "-") }
    }

    deinit { try? Syscalls.close(descriptor, path) }
}
