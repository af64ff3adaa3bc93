// Reading a job file for a verb, with its error shown as the daemon would.

import Failures
import Foundation
import Jobs
import SystemPackage

enum Manifest {
    static func read(_ path: String) throws -> JobDescription {
        try parse(try NamedFile.read(path), path)
    }

    static func parse(_ bytes: Data, _ path: String) throws -> JobDescription {
        do {
            return try ManifestParser.parse(bytes: bytes, name: name(of: path))
        } catch {
            throw Failure(.refused, "\(path): \(FaultText.describe(error))")
        }
    }

    /// The file's name without its ending: the job's name where the manifest gives none. What
    /// comes through a pipe has no name.
    static func name(of path: String) -> String {
        isPipe(path) ? "job" : URL(filePath: path).deletingPathExtension().lastPathComponent
    }

    /// Where relative paths of the manifest start: its own folder; of a pipe the current one.
    static func folder(of path: String) -> FilePath {
        let folder = isPipe(path) ? "" : NamedFile.expanded(path).removingLastComponent()
        return folder.isEmpty ? "." : folder
    }

    private static func isPipe(_ path: String) -> Bool {
        path == NamedFile.standardInput || path.hasPrefix("/dev/fd/")
            || path.hasPrefix("/proc/self/fd/") || path == "/dev/stdin"
    }
}
