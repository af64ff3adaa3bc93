// Where a worker's last sign of life lies, for who does not hear it.

import DurableIO
import Foundation
import Jobs
import SystemPackage

/// Holds the last sign of life, for a daemon that comes after ours.
struct BeatFile {
    private let path: FilePath

    /// Makes it before the first beat is due, so that a worker which hangs at once is known for
    /// one that ought to beat. Its room is taken now: beats overwrite it, also on a full disk.
    init(_ path: FilePath) {
        self.path = path
        let room = String(repeating: " ", count: WorkerRequest.heartbeatBytesMax - 1) + "\n"
        write(Array(room.utf8), O_CREAT | O_TRUNC)
    }

    /// In place: what lies behind the first line is an earlier one's.
    func write(_ line: Data) { write(Array(line) + [UInt8(ascii: "\n")], 0) }

    /// Where it cannot be written it goes: without it the next daemon looks at the process
    /// itself, and does not take this for silence.
    private func write(_ bytes: [UInt8], _ flags: CInt) {
        do {
            let file = try Syscalls.open(path, O_WRONLY | O_NOFOLLOW | flags, mode: 0o640)
            defer { try? Syscalls.close(file, path) }
            try unsafe Syscalls.write(file, path, bytes.span.bytes)
        } catch {
            try? Syscalls.unlink(path)
        }
    }
}
