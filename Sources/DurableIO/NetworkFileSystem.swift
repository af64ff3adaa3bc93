// Which file systems lie on another machine: locks and shared memory there cannot be relied on.

import Glibc
package import SystemPackage

package enum NetworkFileSystem {
    /// The name of the network file system that `path` lies on; nil where it is none, or where
    /// nobody tells. The C function is `statfs`.
    package static func name(at path: FilePath) -> String? {
        // `struct statfs` has 120 bytes on 64-bit Linux, its kind first; Glibc's module lacks it.
        var raw = [Int](repeating: 0, count: 32)
        let code = unsafe raw.withUnsafeMutableBytes { bytes in
            unsafe path.withPlatformString { name in
                unsafe linuxStatFileSystem(name, bytes.baseAddress)
            }
        }
        return code == 0 ? name(ofKind: raw[0]) : nil
    }

    /// - Parameter kind: the magic number of statfs(2).
    package static func name(ofKind kind: Int) -> String? { names[kind & 0xFFFF_FFFF] }

    /// Not FUSE, which is local as often as not.
    private static let names: [Int: String] = [
        0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2",
        0x5346_414F: "AFS", 0x00C3_6400: "Ceph", 0x7375_7245: "Coda", 0x0BD0_0BD0: "Lustre",
        0x4750_4653: "GPFS", 0x1983_0326: "BeeGFS", 0x7461_636F: "OCFS2", 0x0116_1970: "GFS2",
        0xAAD7_AAEA: "PanFS",
    ]
}
