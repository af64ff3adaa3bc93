// What a person named for output: a file, which appears whole; standard output; or a device or a
// pipe, which is written through, never replaced.

import DurableIO
import Foundation
import Runner
import SystemPackage

enum NamedOutput {
    case standardOutput
    /// Links are followed: what they lead to is replaced, not they.
    case file(FilePath)
    case device(FileHandle)

    init(_ name: String) throws {
        guard name != NamedFile.standardInput else {
            self = .standardOutput
            return
        }
        let url = URL(filePath: NamedFile.expanded(name).string).resolvingSymlinksInPath()
        switch NamedFile.kind(of: url) {
        case .typeRegular: self = .file(FilePath(url.path))
        case nil:
            // Told before anything is computed for it.
            let folder = url.deletingLastPathComponent()
            guard NamedFile.kind(of: folder.resolvingSymlinksInPath()) == .typeDirectory else {
                throw Failure(
                    .notFound,
                    "\(name): there is no folder `\(folder.path)`; make it, or correct the path")
            }
            self = .file(FilePath(url.path))
        case .typeDirectory: throw Failure(.refused, "\(name): is a folder, not a file")
        default:
            do { self = .device(try FileHandle(forWritingTo: url)) } catch {
                throw Failure(.refused, "\(name): cannot be written to")
            }
        }
    }

    var exists: Bool {
        guard case .file(let path) = self else { return false }
        return FileManager.default.fileExists(atPath: path.string)
    }

    func write(_ bytes: [UInt8]) throws {
        switch self {
        case .standardOutput: Terminal.write(bytes)
        case .file(let path): try RawFile.write(bytes, to: path)
        case .device(let handle): Self.write(bytes, through: handle)
        }
    }

    /// Ends the program where it cannot, as standard output does.
    static func write(_ bytes: [UInt8], through handle: FileHandle) {
        Terminal.write(bytes, to: handle.fileDescriptor, called: "the output")
    }
}
