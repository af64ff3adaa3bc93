// The file where a worker says what nobody hears now: the daemon, or its successor, reads it.

import DurableIO
import Foundation
import SystemPackage

struct ProgressFile {
    let path: FilePath

    /// Adds a line where it fits whole; what cannot be written is lost.
    /// - Parameter bytesMax: of the file; nil: this line is written in any case.
    func append(_ line: Data, bytesMax: Int?) {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW
        guard let file = try? Syscalls.open(path, flags, mode: 0o640) else { return }
        defer { try? Syscalls.close(file, path) }
        let size = (try? Syscalls.stat(file, path))?.byteCount ?? 0
        if let bytesMax, size + line.count >= bytesMax { return }
        let bytes = Array(line) + [UInt8(ascii: "\n")]
        try? unsafe Syscalls.write(file, path, bytes.span.bytes)
    }
}
