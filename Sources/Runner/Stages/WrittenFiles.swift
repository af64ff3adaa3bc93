// What a stage leaves beside the store: the files of a model, with their digests.

import Checkpoint
import DurableIO
import Report
import Store

final class WrittenFiles {
    var list: [RunReport.File] = []
    var seconds = 0.0

    /// Digests of files that are read while they are written.
    static func list(
        _ write: (_ reader: @escaping (String) -> any ByteReader) throws -> WrittenCheckpoint
    ) rethrows -> [RunReport.File] {
        var digests: [String: DigestReader] = [:]
        let written = try write { name in
            let reader = DigestReader()
            digests[name] = reader
            return reader
        }
        return written.files.map { file in
            guard let reader = digests[file.name] else {
                preconditionFailure("\(file.name) was read while it was written")
            }
            return RunReport.File(
                name: file.name, bytes: file.byteCount, sha256: reader.digest.hex)
        }
    }
}
