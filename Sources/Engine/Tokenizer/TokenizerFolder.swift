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
            return try file.withBytes { (bytes) throws(TokenizerError) in
                try Tokenizer(json: bytes)
            }
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
}
