// A lock that the kernel lets go when its holder dies: `flock` on a file that says who holds it.

import Glibc
package import SystemPackage

/// Exclusive possession of a lock file, until this value ends.
///
/// The file stays, and holds the process number of the last owner for people to read.
package struct FileLock: ~Copyable {
    private let descriptor: FileDescriptor
    private let path: FilePath

    /// Takes the lock without waiting.
    /// - Returns: Nil if another open file, here or in another process, holds it.
    package static func acquire(_ path: FilePath) throws(SystemCallError) -> FileLock? {
        let descriptor = try Syscalls.open(path, O_RDWR | O_CREAT, mode: 0o600)
        do throws(SystemCallError) {
            guard try Syscalls.lock(descriptor, path) else {
                try Syscalls.close(descriptor, path)
                return nil
            }
            let text = Array("\(getpid())\n".utf8)
            _ = try Syscalls.checked(.write, path) { ftruncate(descriptor.rawValue, 0) }
            try unsafe Syscalls.write(descriptor, path, text.span.bytes)
        } catch {
            try? Syscalls.close(descriptor, path)
            throw error
        }
        return FileLock(descriptor: descriptor, path: path)
    }

    /// The process number that the lock file names, if it names one.
    package static func holder(of path: FilePath) -> Int32? {
        guard let bytes = try? SmallFile.read(path, bytesMax: 64) else { return nil }
        return Int32(String(decoding: bytes, as: UTF8.self).prefix { $0.isNumber })
    }

    private init(descriptor: FileDescriptor, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        // Closing lets the lock go; there is nothing to do about an error here.
        try? Syscalls.close(descriptor, path)
    }
}
