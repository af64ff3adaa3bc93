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
    /// Magic numbers of statfs(2): TMPFS_MAGIC, RAMFS_MAGIC.
    private static let kindsInMemory: Set<Int> = [0x0102_1994, 0x8584_58F6]

    /// File systems that other machines serve, by the same numbers.
    private static let kindsOnNetworks: [Int: String] = [
        0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2",
        0x5346_414F: "AFS", 0x6B41_4653: "AFS", 0x00C3_6400: "Ceph", 0x0BD0_0BD0: "Lustre",
        0x4750_4653: "GPFS", 0x1983_0326: "BeeGFS",
    ]

    /// Whether files at `path` lie in memory; false where nobody tells.
    package static func isMemory(at path: FilePath) -> Bool {
        kind(at: path).map { kindsInMemory.contains($0) } ?? false
    }

    /// The name of the network file system that `path` lies on; nil for a disk of this machine,
    /// and where nobody tells.
    package static func networkKind(at path: FilePath) -> String? {
        kind(at: path).flatMap(networkKind)
    }

    static func networkKind(_ magic: Int) -> String? { kindsOnNetworks[magic] }

    private static func kind(at path: FilePath) -> Int? {
        // `struct statfs` has 120 bytes on 64-bit Linux, its kind first; Glibc's module lacks it.
        var raw = [Int](repeating: 0, count: 32)
        let code = unsafe raw.withUnsafeMutableBytes { bytes in
            unsafe path.withPlatformString { name in
                unsafe linuxStatFileSystem(name, bytes.baseAddress)
            }
        }
        return code == 0 ? raw[0] : nil
    }
}
