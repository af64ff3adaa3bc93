// A worker's standard error in a file that cannot fill the disk: when it is full, it becomes
// `NAME.1` and a new one begins.

import DurableIO
import Glibc
package import SystemPackage

package struct BoundedLog: ~Copyable {
    /// Two files of this size at most.
    package static let bytesMax = 4_194_304

    private let path: FilePath
    private let bytesMax: Int
    private var descriptor: FileDescriptor?
    private var byteCount = 0

    /// Opens the log to append to it. A log is a help, not a duty: where it cannot be written,
    /// what would go into it is dropped.
    package init(_ path: FilePath, bytesMax: Int = BoundedLog.bytesMax) {
        self.path = path
        self.bytesMax = bytesMax
        open()
    }

    package mutating func append(_ bytes: [UInt8]) {
        if byteCount > 0, byteCount + bytes.count > bytesMax { rotate() }
        guard let descriptor else { return }
        let slice = bytes.count > bytesMax ? Array(bytes.suffix(bytesMax)) : bytes
        do {
            try unsafe Syscalls.write(descriptor, path, slice.span.bytes)
            byteCount += slice.count
        } catch {
            close()
        }
    }

    private mutating func rotate() {
        close()
        try? Syscalls.rename(path, to: FilePath(path.string + ".1"))
        open()
    }

    private mutating func open() {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        descriptor = try? Syscalls.open(path, flags, mode: 0o640)
        byteCount = (try? Syscalls.stat(path)?.byteCount) ?? 0
    }

    private mutating func close() {
        if let descriptor { try? Syscalls.close(descriptor, path) }
        descriptor = nil
    }

    deinit {
        if let descriptor { try? Syscalls.close(descriptor, path) }
    }
}
