// Memory that lies in a file without a name: the kernel may write it out, a crash leaves nothing.

import Glibc
package import SystemPackage

/// Zeroed bytes that may be written, as long as the value lives. Sendable although mutable, as
/// whoever holds it hands disjoint parts to its threads.
@safe
package final class ScratchMapping: @unchecked Sendable {
    package let byteCount: Int
    private let base: UnsafeMutableRawPointer

    /// - Parameter folder: on a disk with room for all bytes, which are reserved now: a full disk
    ///   would kill the process when they are written.
    package init(byteCount: Int, in folder: FilePath) throws(SystemCallError) {
        precondition(byteCount > 0, "a mapping holds bytes")
        let path = folder.appending("stream-" + UniqueName.next())
        let descriptor = try Syscalls.open(
            path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        // The mapping keeps the file.
        defer { try? Syscalls.close(descriptor, path) }
        do throws(SystemCallError) { try Syscalls.unlink(path) } catch {
            // Whoever sweeps the folder may have come before.
            guard error.isMissing else { throw error }
        }
        try Syscalls.allocate(descriptor, path, byteCount: byteCount)
        let address = unsafe mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.rawValue, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else {
            throw SystemCallError(.open, path, Errno(rawValue: errno))
        }
        self.byteCount = byteCount
        unsafe base = address
    }

    deinit { unsafe munmap(base, byteCount) }

    /// Valid while this value lives.
    package var address: UnsafeMutableRawPointer { unsafe base }
}
