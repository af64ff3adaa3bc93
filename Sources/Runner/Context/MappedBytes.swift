// The digest of a file of any size, read through a mapping.

import DurableIO
import Failures
import Store
import SystemPackage

/// A small input was replaced while it was read.
struct InputChanged: ClassifiedFailure, CustomStringConvertible {
    let what: String
    var failureClass: FailureClass { .user }
    var description: String {
        "\(what) changed while it was read; leave it alone until the job ends, then retry"
    }
}

enum MappedBytes {
    static func digest(_ path: FilePath) throws -> Digest {
        let file = try MappedFile(path)
        return file.withBytes { bytes in Digest(of: unsafe bytes.bytes) }
    }

    /// What `read` makes of files that it opens by itself, if they are still those of `digest`
    /// behind it.
    /// - Parameter again: their digest at that time.
    static func read<Value>(
        _ what: String, of digest: Digest, again: () throws -> Digest, _ read: () throws -> Value
    ) throws -> Value {
        let value = try read()
        guard try again() == digest else { throw InputChanged(what: what) }
        return value
    }
}
