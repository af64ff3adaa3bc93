// What kind of file system a path lies on, by the number that statfs(2) tells.

package import SystemPackage

package enum FileSystemKind {
    /// Of statfs(2) and linux/magic.h: file systems whose files another machine may write.
    /// FUSE stands for local disks as well as for remote ones, so it is not among them.
    private static let networkNames: [UInt32: String] = [
        0x0000_6969: "NFS", 0x0000_517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB",
        0x5346_414F: "AFS", 0x6B41_4653: "AFS", 0x7375_7245: "Coda", 0x0000_564C: "NCP",
        0x00C3_6400: "Ceph", 0x0BD0_0BD0: "Lustre", 0x4750_4653: "GPFS", 0x0102_1997: "9P",
        0x1983_0326: "BeeGFS", 0x2003_0528: "OrangeFS", 0x786F_4256: "a VirtualBox share",
        // Disks that several machines have open at one time.
        0x7461_636F: "OCFS2", 0x0116_1970: "GFS2", 0xAAD7_AAEA: "PanFS",
    ]
    /// TMPFS_MAGIC, RAMFS_MAGIC.
    private static let memory: Set<UInt32> = [0x0102_1994, 0x8584_58F6]

    /// The name of a file system that several machines share; nil for any other number.
    package static func networkName(ofNumber number: UInt32) -> String? { networkNames[number] }

    /// Whether files of such a file system lie in memory.
    package static func isMemory(number: UInt32) -> Bool { memory.contains(number) }

    /// The number of the file system that `path` lies on; nil where nobody tells.
    package static func number(at path: FilePath) -> UInt32? {
        // `struct statfs` has 120 bytes on 64-bit Linux, its kind first; Glibc's module lacks it.
        var raw = [Int](repeating: 0, count: 32)
        let code = unsafe raw.withUnsafeMutableBytes { bytes in
            unsafe path.withPlatformString { name in
                unsafe linuxStatFileSystem(name, bytes.baseAddress)
            }
        }
        return code == 0 ? UInt32(truncatingIfNeeded: raw[0]) : nil
    }

    /// The name of the shared file system on which `path`, or the nearest folder above it that
    /// exists, lies; nil for a local one, and where nobody tells.
    package static func networkName(at path: FilePath) -> String? {
        path.nearest(number(at:)).flatMap(networkName(ofNumber:))
    }
}

extension FilePath {
    /// What `look` finds here, or else at the nearest folder above where it finds something: of a
    /// folder that is not there yet, that of the one in which it will be made.
    package func nearest<Found>(_ look: (FilePath) -> Found?) -> Found? {
        var place = self
        while true {
            if let found = look(place.isEmpty ? "." : place) { return found }
            guard !place.isEmpty, place != place.removingLastComponent() else { return nil }
            place = place.removingLastComponent()
        }
    }
}
