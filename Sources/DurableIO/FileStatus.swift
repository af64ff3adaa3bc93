// What `stat` tells about a file, in Swift words.

import Glibc

/// Type, size, owner and times of a file.
package struct FileStatus: Equatable, Sendable {
    package enum Kind: Sendable { case regular, folder, symbolicLink, other }

    package let kind: Kind
    package let byteCount: Int
    /// Device and inode: together the identity of the file, whatever its name.
    package let device: UInt64
    package let inode: UInt64
    /// Number of names the file has.
    package let linkCount: UInt64
    package let owner: UInt32
    package let group: UInt32
    /// Permission bits, without the type.
    package let permissions: UInt32
    /// Nanoseconds since 1970 UTC.
    package let modifiedNanoseconds: Int64
    package let changedNanoseconds: Int64

    init(_ raw: Glibc.stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .symbolicLink
            default: .other
            }
        byteCount = Int(raw.st_size)
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        linkCount = UInt64(raw.st_nlink)
        owner = raw.st_uid
        group = raw.st_gid
        permissions = raw.st_mode & ~S_IFMT
        modifiedNanoseconds = Self.nanoseconds(raw.st_mtim)
        changedNanoseconds = Self.nanoseconds(raw.st_ctim)
    }

    /// Whether both describe the same file.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && inode == other.inode
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
