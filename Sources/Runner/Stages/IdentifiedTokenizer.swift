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
        let before = try? Self.identify(side)
        encoder = PromptEncoder(try TokenizerFolder.load(side), side)
        let after = try Self.identify(side)
        if let before = before?.files?.files, let after = after.files?.files {
            try ReadFiles.expect(before, after)
        }
        files = after.files
        digest = after.digest
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
