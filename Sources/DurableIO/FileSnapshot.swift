// A small file's bytes, with what the kernel says of the file before and after they were read: what
// somebody else may be writing at this moment is either read whole or known not to be.

import Glibc
package import SystemPackage

/// One reading of one file by one descriptor.
package struct FileSnapshot: Equatable, Sendable {
    package let bytes: [UInt8]
    package let before: FileStatus
    package let after: FileStatus
    /// Whether somebody had the file open for writing; nil where the kernel does not tell us (it
    /// does for files of our own, and for those of others only to root).
    package let isOpenForWriting: Bool?
    /// When the reading began, in nanoseconds since 1970 UTC.
    package let beganAtNanoseconds: Int64

    /// Times of files are those of a coarse clock, with ticks of up to 10 ms: what changed less
    /// than this before the reading may change again without a sign of it.
    package static let freshNanoseconds: Int64 = 20_000_000

    package init(
        bytes: [UInt8], before: FileStatus, after: FileStatus, isOpenForWriting: Bool?,
        beganAtNanoseconds: Int64
    ) {
        self.bytes = bytes
        self.before = before
        self.after = after
        self.isOpenForWriting = isOpenForWriting
        self.beganAtNanoseconds = beganAtNanoseconds
    }

    /// Whether the file changed so lately that equal times prove nothing. A clock that is behind
    /// the file system's does not make a file fresh for ever.
    package var isFresh: Bool {
        (0..<Self.freshNanoseconds).contains(beganAtNanoseconds - before.changedNanoseconds)
    }

    /// Whether the bytes are the whole content as of one moment, by all that can be known.
    package var isWhole: Bool {
        isOpenForWriting != true && before == after && bytes.count == before.byteCount
            && (!isFresh || isOpenForWriting == false)
    }

    /// Reads a regular file, which is never a link. Where the kernel lends us a lease, nobody can
    /// open the file for writing meanwhile.
    /// - Throws: `SystemCallError` (ELOOP for a link, EINVAL for what is no file),
    ///   `SmallFile.TooLarge`.
    package static func read(_ path: FilePath, bytesMax: Int) throws -> FileSnapshot {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
        let descriptor = try Syscalls.open(path, flags)
        defer { try? Syscalls.close(descriptor, path) }
        let isOpen = FolderProbe.takeLease(descriptor)
        defer { if isOpen == false { FolderProbe.endLease(descriptor) } }
        let beganAt = nowNanoseconds()
        let before = try Syscalls.stat(descriptor, path)
        guard before.kind == .regular else {
            throw SystemCallError(.open, path, .invalidArgument)
        }
        guard before.byteCount <= bytesMax else {
            throw SmallFile.TooLarge(
                path: path, byteCount: before.byteCount, bytesMax: bytesMax)
        }
        // One more than the file says it has, so that one that grows is noticed.
        let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: before.byteCount + 1) {
            buffer, count in
            count = try unsafe Syscalls.read(
                descriptor, path, at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
        return FileSnapshot(
            bytes: bytes, before: before, after: try Syscalls.stat(descriptor, path),
            isOpenForWriting: isOpen, beganAtNanoseconds: beganAt)
    }

    private static func nowNanoseconds() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
