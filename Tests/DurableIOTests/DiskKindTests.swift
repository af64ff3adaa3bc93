// What kind of file system a path lies on.

import SystemPackage
import Testing

@testable import DurableIO

@Suite struct DiskKindTests {
    @Test("file systems of other machines are known by their numbers, and ours are none of them")
    func networks() {
        // Numbers of linux/magic.h: NFS, CIFS, Ceph; ext4, btrfs, XFS, tmpfs, overlay.
        #expect(DiskSpace.networkKind(0x6969) == "NFS")
        #expect(DiskSpace.networkKind(0xFF53_4D42) == "CIFS")
        #expect(DiskSpace.networkKind(0x00C3_6400) == "Ceph")
        for magic in [0xEF53, 0x9123_683E, 0x5846_5342, 0x0102_1994, 0x794C_7630, 0] {
            #expect(DiskSpace.networkKind(magic) == nil)
        }
        #expect(DiskSpace.networkKind(at: "/proc") == nil)
        #expect(DiskSpace.networkKind(at: "/nowhere at all") == nil)
    }
}
