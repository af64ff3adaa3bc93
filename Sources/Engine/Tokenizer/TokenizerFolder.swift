// Finds and reads the tokenizer of a checkpoint folder.

package import SystemPackage

package enum TokenizerFolder {
    /// Reads `tokenizer.json` from a folder.
    ///
    /// Errors name the file. A folder with only `tokenizer.model` is refused with the way to
    /// convert it.
    package static func load(_ folder: FilePath) throws(TokenizerError) -> Tokenizer {
        let file = folder.appending("tokenizer.json")
        guard let bytes = try read(file) else {
            if try read(folder.appending("tokenizer.model"), bytesMax: 0) != nil {
                throw .onlySentencePiece(folder: folder.string)
            }
            throw .notFound(folder: folder.string)
        }
        do {
            return try Tokenizer(json: bytes)
        } catch {
            throw .inFile(path: file.string, error: error)
        }
    }

    /// The bytes of a regular file; nil if there is none of that name. With `bytesMax` 0 only
    /// looks whether the file is there.
    private static func read(
        _ path: FilePath, bytesMax: Int = TokenizerJSON.bytesMax
    ) throws(TokenizerError) -> [UInt8]? {
        do {
            // Without blocking: opening a pipe must not wait for its writer.
            let descriptor = try FileDescriptor.open(path, .readOnly, options: .nonBlocking)
            return try descriptor.closeAfter {
                let size = Int(try descriptor.seek(offset: 0, from: .end))
                if bytesMax == 0 { return [] }
                guard size <= bytesMax else {
                    throw TokenizerError.inFile(
                        path: path.string, error: .tooLarge(bytes: size, bytesMax: bytesMax))
                }
                try descriptor.seek(offset: 0, from: .start)
                return try readAll(descriptor, size: size)
            }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch let error as TokenizerError {
            throw error
        } catch {
            throw .unreadable(path: path.string, reason: "\(error)")
        }
    }

    private static func readAll(_ descriptor: FileDescriptor, size: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let count = try unsafe bytes.withUnsafeMutableBytes { buffer in
                try unsafe descriptor.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            }
            // The file has become shorter; what is missing shows in the JSON.
            if count == 0 { break }
            filled += count
        }
        return Array(bytes.prefix(filled))
    }
}
