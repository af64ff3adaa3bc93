// Reading a job file for a verb, with its error shown as the daemon would.

import Foundation
import Jobs

enum Manifest {
    static func read(_ path: String) throws -> JobDescription {
        try parse(try NamedFile.read(path), path)
    }

    static func parse(_ bytes: Data, _ path: String) throws -> JobDescription {
        do {
            return try ManifestParser.parse(bytes: bytes, name: name(of: path))
        } catch {
            throw Failure(.refused, "\(path): \(error)")
        }
    }

    /// The file's name without its ending: the job's name where the manifest gives none.
    static func name(of path: String) -> String {
        URL(filePath: path).deletingPathExtension().lastPathComponent
    }
}
