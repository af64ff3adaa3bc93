// The log of a worker on another machine. The queue opens it and gives it to the worker as standard
// output and error, and writes its own words into it as well: so it is not renamed, but emptied
// when it is full, and the copy beside it has what was in it.

import DurableIO
import Foundation
import SystemPackage

struct NodeLog: Sendable {
    private let path: FilePath
    private let bytesMax: Int
    /// What is written meanwhile comes on top.
    private static let interval = 0.5

    /// - Parameter bytesMax: two files of this size, about: as of workers of the daemon's machine.
    init(_ path: FilePath, bytesMax: Int = 4_194_304) {
        self.path = path
        self.bytesMax = bytesMax
    }

    /// Looks at it from now on, where standard error is this file.
    func watch() {
        guard isLog(STDERR_FILENO) else { return }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] where isLog(descriptor) {
            // Who writes at a place of her own would leave a hole when it is emptied.
            let flags = fcntl(descriptor, F_GETFL)
            guard flags >= 0, fcntl(descriptor, F_SETFL, flags | O_APPEND) == 0 else { return }
        }
        Thread.detachNewThread {
            while true {
                Thread.sleep(forTimeInterval: Self.interval)
                bound(STDERR_FILENO)
            }
        }
    }

    private func isLog(_ descriptor: CInt) -> Bool {
        guard let own = try? Syscalls.stat(FileDescriptor(rawValue: descriptor), path),
            let named = (try? Syscalls.stat(path)) ?? nil
        else { return false }
        return own.kind == .regular && own.isSameFile(as: named)
    }

    /// Empties it where it is full. A log is a help, not a duty: what cannot be kept is lost.
    /// - Parameter descriptor: of the log, to write.
    func bound(_ descriptor: CInt) {
        guard let status = try? Syscalls.stat(FileDescriptor(rawValue: descriptor), path),
            status.byteCount > bytesMax
        else { return }
        keep(from: max(0, status.byteCount - bytesMax))
        _ = ftruncate(descriptor, 0)
    }

    private func keep(from start: Int) {
        let copy = FilePath(path.string + ".1")
        do {
            let source = try Syscalls.open(path, O_RDONLY | O_NOFOLLOW)
            defer { try? Syscalls.close(source, path) }
            let flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
            let target = try Syscalls.open(copy, flags, mode: 0o640)
            defer { try? Syscalls.close(target, copy) }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            var offset = start
            // Somebody may write faster than this reads.
            while offset < start + 2 * bytesMax {
                let count = try unsafe buffer.withUnsafeMutableBytes {
                    try unsafe Syscalls.read(source, path, at: offset, into: $0)
                }
                if count == 0 { return }
                let piece = Array(buffer.prefix(count))
                try unsafe Syscalls.write(target, copy, piece.span.bytes)
                offset += count
            }
        } catch { return }
    }
}
