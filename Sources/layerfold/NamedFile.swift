// What a person named on the command line: files, folders, standard input.

import DurableIO
import Failures
import Foundation
import Locations
import SystemPackage

enum NamedFile {
    /// Whatever verbs read is far smaller; what parses it may allow less.
    private static let bytesMax = 1 << 30
    /// Standard input, as most programs have it.
    static let standardInput = "-"

    /// The whole file, or standard input for `-`.
    static func read(_ path: String) throws -> Data {
        if path == standardInput { return try input() }
        do {
            return Data(try SmallFile.read(following: expanded(path), bytesMax: bytesMax))
        } catch let error as SystemCallError where error.errno == .isDirectory {
            throw Failure(.refused, "\(path): is a folder, not a file")
        } catch let error as SystemCallError {
            throw Failure(
                isMissing(error) ? .notFound : .refused,
                "\(path): " + POSIXErrorText.words(error.errno.rawValue).lowercasedFirst)
        } catch {
            throw Failure(.refused, FaultText.describe(error))
        }
    }

    private static func input() throws -> Data {
        var data = Data()
        do {
            while let piece = try FileHandle.standardInput.read(upToCount: 1 << 16), !piece.isEmpty
            {
                data += piece
                guard data.count <= bytesMax else {
                    throw Failure(.refused, "standard input does not end")
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.refused, "standard input: \(FaultText.describe(error))")
        }
        return data
    }

    /// The path of something that is there.
    static func existing(_ path: String) throws -> FilePath {
        let path = expanded(path)
        let isThere = unsafe path.withPlatformString { unsafe access($0, F_OK) == 0 }
        if isThere || ![ENOENT, ENOTDIR].contains(errno) { return path }
        throw Failure(.notFound, "\(path): no such file or folder")
    }

    /// `~` and `~/...` for the user's own folder: shells leave it alone in `--output=~/x`.
    static func expanded(_ path: String) -> FilePath { FilePath(expandingHome: path) }

    /// What stands there; nil where nothing does. Links are not followed.
    static func kind(of url: URL) -> FileAttributeType? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        return attributes?[.type] as? FileAttributeType
    }

    private static func isMissing(_ error: SystemCallError) -> Bool {
        error.isMissing || error.errno == .notDirectory
    }
}

extension String {
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
