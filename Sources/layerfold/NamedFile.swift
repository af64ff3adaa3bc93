// Reading a file that a person named on the command line.

import DurableIO
import Foundation
import SystemPackage

enum NamedFile {
    /// Whatever verbs read is far smaller; what parses it may allow less.
    private static let bytesMax = 1 << 30

    /// The whole file.
    static func read(_ path: String) throws -> Data {
        do {
            return Data(try SmallFile.read(following: FilePath(path), bytesMax: bytesMax))
        } catch let error as SmallFile.TooLarge {
            throw Failure(.refused, "\(error)")
        } catch {
            throw Failure(.notFound, "\(path): cannot be read")
        }
    }
}
