// How much room a file system has left.

import Glibc
package import SystemPackage

/// Room on a file system, in bytes and files.
package struct DiskSpace: Equatable, Sendable {
    /// Free for an ordinary user, without the part kept for root.
    package let freeBytes: Int
    package let totalBytes: Int
    /// Files that can still be made; on file systems without such a limit, `Int.max`.
    package let freeFiles: Int

    /// Asks the file system that `path` lies on. The C function is `statvfs`.
    package init(at path: FilePath) throws(SystemCallError) {
        var raw = statvfs()
        _ = try Syscalls.checked(.statvfs, path) {
            unsafe path.withPlatformString { name in unsafe statvfs(name, &raw) }
        }
        let unit = Int(clamping: raw.f_frsize)
        freeBytes = unit.multipliedClamping(by: Int(clamping: raw.f_bavail))
        totalBytes = unit.multipliedClamping(by: Int(clamping: raw.f_blocks))
        freeFiles = raw.f_files == 0 ? Int.max : Int(clamping: raw.f_favail)
    }
}

extension Int {
    fileprivate func multipliedClamping(by other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

extension DiskSpace {
    /// Whether files at `path` lie in memory; false where nobody tells.
    package static func isMemory(at path: FilePath) -> Bool {
        FileSystemKind.number(at: path).map(FileSystemKind.isMemory(number:)) ?? false
    }
}
