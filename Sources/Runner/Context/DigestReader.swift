// The digest of a file that is being written.

import DurableIO
import Store

/// `@unchecked Sendable`: whoever calls `read` does so one call at a time, and `digest` is asked
/// for when the file is whole.
final class DigestReader: ByteReader, @unchecked Sendable {
    private var hasher = Digest.Hasher()

    func read(_ bytes: RawSpan) { hasher.update(bytes) }

    var digest: Digest { hasher.finalize() }
}
