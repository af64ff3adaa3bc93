// Finds and reads the tokenizer of a checkpoint folder.

import DurableIO
package import SystemPackage

package enum TokenizerFolder {
    /// Reads `tokenizer.json` from a folder.
    ///
    /// Errors name the file. A folder with only `tokenizer.model` is refused with the way to
    /// convert it.
    package static func load(_ folder: FilePath) throws(TokenizerError) -> Tokenizer {
        let path = folder.appending("tokenizer.json")
        guard let file = try open(path) else {
            if try open(folder.appending("tokenizer.model")) != nil {
                throw .onlySentencePiece(folder: folder.string)
            }
            throw .notFound(folder: folder.string)
        }
        do throws(TokenizerError) {
            guard file.byteCount <= TokenizerJSON.bytesMax else {
                throw TokenizerError.tooLarge(
                    bytes: file.byteCount, bytesMax: TokenizerJSON.bytesMax)
            }
            return try Tokenizer(json: bytes(of: file))
        } catch {
            throw .inFile(path: path.string, error: error)
        }
    }

    /// Nil if there is no file of that name.
    private static func open(_ path: FilePath) throws(TokenizerError) -> MappedFile? {
        do {
            return try MappedFile(path)
        } catch .system(_, _, .noSuchFileOrDirectory), .system(_, _, .notDirectory) {
            return nil
        } catch {
            throw .unreadable(error)
        }
    }

    private static func bytes(of file: MappedFile) -> [UInt8] {
        file.withBytes { span in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(span.count)
            for index in span.indices { bytes.append(span[index]) }
            return bytes
        }
    }
}
