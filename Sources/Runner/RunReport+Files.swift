// Digests of the files of a job's models, taken while they were written.

import Publication
import Report

extension RunReport {
    /// Files whose bytes the report knows, by their paths in the results.
    var writtenFiles: [ResultFile] {
        let models =
            results.map { (folder: $0.path, files: $0.files) }
            + (quantized ?? []).map { (folder: $0.path, files: $0.files) }
        let exported = (exports ?? []) + results.flatMap { $0.exports ?? [] }
        return models.flatMap { folder, files in
            files.map {
                ResultFile(path: "\(folder)/\($0.name)", byteCount: $0.bytes, sha256: $0.sha256)
            }
        }
            + exported.map {
                ResultFile(path: $0.path, byteCount: $0.bytes, sha256: $0.sha256)
            }
    }
}
