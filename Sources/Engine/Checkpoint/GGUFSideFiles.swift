// Tokenizer, chat template and settings of a model that came as a GGUF file: files that lie beside
// it, and what can be made of its metadata where there is none.

import DurableIO
import Synchronization
import SystemPackage

struct GGUFSideFiles {
    /// Names of files beside it that belong to the model.
    let companions: [String]
    let files: SideFiles
    /// Why the model has no tokenizer; nil where it has one.
    let reason: String?

    /// Whatever else lies beside the file may be another model's.
    private static let names = [
        "chat_template.jinja", "chat_template.json", "generation_config.json",
        "special_tokens_map.json", tokenizer, "tokenizer.model", "tokenizer_config.json",
    ]
    private static let tokenizer = "tokenizer.json"

    init(
        _ file: GGUFFile, in folder: FilePath, within root: FilePath?
    ) throws(GGUFFault) {
        let found = Self.names.filter {
            (try? MappedFile(folder.appending($0), within: root)) != nil
        }
        let tokenizer = try GGUFTokenizer(file)
        let path = file.file.path.string
        func text(
            _ make: @escaping @Sendable () throws(GGUFFault) -> String
        ) -> SideFiles.Text {
            let kept = KeptText()
            return {
                do throws(GGUFFault) { return try kept.text(make) } catch {
                    throw CheckpointError.gguf(path: path, error)
                }
            }
        }
        var made = [
            "tokenizer_config.json": text(tokenizer.settings),
            "generation_config.json": text(tokenizer.generation),
        ]
        let hasOwn = found.contains(Self.tokenizer) || found.contains("tokenizer.model")
        if !hasOwn, tokenizer.reason == nil { made[Self.tokenizer] = text(tokenizer.json) }
        for name in found { made[name] = nil }
        reason = hasOwn ? nil : tokenizer.reason
        companions = found
        files = SideFiles(
            folder, of: file.file.path, made: made,
            reasons: reason.map { [Self.tokenizer: $0] } ?? [:])
    }
}

/// A text that is made once: a vocabulary is asked for by several.
private final class KeptText: Sendable {
    private let bytes = Mutex<[UInt8]?>(nil)

    func text(_ make: () throws(GGUFFault) -> String) throws(GGUFFault) -> [UInt8] {
        try bytes.withLock { (bytes) throws(GGUFFault) in
            if let bytes { return bytes }
            let made = Array(try make().utf8)
            bytes = made
            return made
        }
    }
}
