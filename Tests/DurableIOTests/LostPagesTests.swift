// Pages of a mapped file that are gone when they are read, and what kind of file system a path is
// on.

import DurableIO
import Failures
import Foundation
import SystemPackage
import Testing

@Suite struct LostPagesTests {
    @Test("a mapped file that is cut is read as zeros, and says so when it is asked")
    func cut() throws {
        LostPages.install(.substitute)
        let path = FilePath(NSTemporaryDirectory()).appending("cut-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        let page = 4096
        for kept in [0, 1, page, page + 7] {
            try Data([UInt8](repeating: 7, count: 3 * page + 5)).write(
                to: URL(filePath: path.string))
            let file = try MappedFile(path)
            try file.verifyUnchanged()
            let before = try #require(try Syscalls.stat(path))
            let handle = try FileHandle(forUpdating: URL(filePath: path.string))
            try handle.truncate(atOffset: UInt64(kept))
            // The kernel keeps the rest of the last page, as zeros.
            let read = file.withBytes { bytes in
                [0, page - 1, 2 * page, 3 * page + 4].map { bytes[$0] }
            }
            #expect(read == [kept > 0 ? 7 : 0, kept >= page ? 7 : 0, 0, 0])
            let error = #expect(throws: MappedFileError.self) { try file.verifyUnchanged() }
            #expect(error?.failureClass == .user)
            #expect(error?.description.contains("found \(kept) bytes, expected 12293") == true)
            // Made as long as it was, with the time that it had, and a change of rights that
            // explains the time that nobody can set: only the mapping knows.
            try handle.truncate(atOffset: UInt64(3 * page + 5))
            try handle.close()
            let (seconds, rest) = before.modifiedNanoseconds.quotientAndRemainder(
                dividingBy: 1_000_000_000)
            // The first is UTIME_OMIT.
            let times = [
                timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2),
                timespec(tv_sec: Int(seconds), tv_nsec: Int(rest)),
            ]
            try #require(unsafe utimensat(AT_FDCWD, path.string, times, 0) == 0)
            let rights = mode_t(before.permissions ^ 0o100)
            try #require(unsafe chmod(path.string, rights) == 0)
            #expect(throws: MappedFileError.lost(path: path.string)) { try file.verifyUnchanged() }
        }
    }

    @Test("what changes a file's rights or names is another identity, and no change of bytes")
    func touched() throws {
        let path = FilePath(NSTemporaryDirectory()).appending("touched-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        try Data([1, 2, 3]).write(to: URL(filePath: path.string))
        let file = try MappedFile(path)
        #expect(try file.unchanged(since: file.identity) == file.identity)
        _ = unsafe chmod(path.string, 0o600)
        let other = try file.unchanged(since: file.identity)
        #expect(other != file.identity)
        #expect(try file.unchanged(since: other) == other)
    }

    @Test("file systems that several machines write are known by their numbers")
    func networks() {
        let numbers: [(UInt32, String?)] = [
            (0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB"), (0x00C3_6400, "Ceph"),
            (0x0BD0_0BD0, "Lustre"), (0x0102_1997, "9P"), (0xEF53, nil), (0x9123_683E, nil),
            (0x7461_636F, "OCFS2"), (0x0116_1970, "GFS2"), (0xAAD7_AAEA, "PanFS"),
            (0x5846_5342, nil), (0x0102_1994, nil), (0x6573_5546, nil), (0, nil),
        ]
        for (number, name) in numbers {
            #expect(FileSystemKind.networkName(ofNumber: number) == name)
        }
        #expect(FileSystemKind.networkName(at: "/") == nil)
        // A folder that is not there yet lies where the nearest one does.
        #expect(FileSystemKind.networkName(at: "/proc/none/such/folder") == nil)
        #expect(FileSystemKind.number(at: "/proc") == 0x9FA0)
        #expect(FileSystemKind.isMemory(number: 0x0102_1994))
    }
}
