// A tokenizer with the digest of its files, and whether these are still the same.

import DurableIO
import Store
import SystemPackage
import Texts
import Tokenizer

struct IdentifiedTokenizer {
    let encoder: PromptEncoder
    let digest: Digest
    var tokenizer: Tokenizer { encoder.tokenizer }
    /// None where it is made of the model's own file.
    private let files: ReadFiles?

    init(_ side: SideFiles) throws {
        // What cannot be read is told by whoever loads it, with its place.
        let before = Result { try Self.identify(side) }
        encoder = try PromptEncoder(TokenizerFolder.load(side), side)
        let after = try Self.identify(side)
        try Self.expect(before, after, side)
        files = after.files
        digest = after.digest
    }

    private static func expect(
        _ before: Result<(digest: Digest, files: ReadFiles?), any Error>,
        _ after: (digest: Digest, files: ReadFiles?), _ side: SideFiles
    ) throws {
        let file = after.files?.files.first?.path ?? side.folder.string
        let known: (digest: Digest, files: ReadFiles?)
        do { known = try before.get() } catch {
            throw InputChanged(
                file: file, found: "it can be read now, and could not be before (\(error))")
        }
        if let known = known.files?.files, let after = after.files?.files {
            try ReadFiles.expect(known, after)
        }
        guard known.digest == after.digest else {
            throw InputChanged(
                file: file,
                found: "sha256 \(after.digest.hex.prefix(12))…, expected "
                    + "\(known.digest.hex.prefix(12))…")
        }
    }

    /// Results get a copy of the files: it has to be of what the job computed with.
    func expectUnchanged() throws { try files?.expectContents() }

    /// Of tokenizer.json, or of tokenizer.model and what is read with it; of a file that is made,
    /// of its text.
    private static func identify(
        _ side: SideFiles
    ) throws -> (digest: Digest, files: ReadFiles?) {
        if let made = try side.madeText("tokenizer.json") {
            return (Digest(of: unsafe made.span.bytes), nil)
        }
        let paths = try TokenizerFolder.files(of: side.folder)
        let files = try ReadFiles(paths.map(\.string)) { try MappedBytes.digest(FilePath($0)) }
        let digest = files.files.count == 1 ? files.files[0].digest : files.digest
        return (digest, files)
    }
}
