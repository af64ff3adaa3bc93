// Where a model says that it has said everything.

package import Checkpoint
import DurableIO
import JSON
import SystemPackage

/// The tokens that end a text.
package struct StopTokens: Sendable, Equatable {
    package let ids: Set<Int32>

    package init(_ ids: Set<Int32>) { self.ids = ids }

    /// What to say where there are none; nil where there are.
    ///
    /// - Parameter texts: what becomes of texts then.
    package func absence(texts: String) -> String? {
        ids.isEmpty ? "the model's files name no `eos_token_id`: \(texts)" : nil
    }

    private static let settingsName = "generation_config.json"
    private static let settingsBytesMax = 4 << 20

    /// `eos_token_id`, a number or a list: of generation_config.json, else of config.json, as
    /// transformers' generate takes them. None where neither names one.
    /// - Throws: `CheckpointError` where a file is no JSON object.
    package init(_ checkpoint: Checkpoint) throws {
        let key = "eos_token_id"
        let settings = try Self.settings(of: checkpoint)?.value(key)
        self.init(Set(Self.numbers(settings ?? checkpoint.config.value(key))))
    }

    private static func settings(of checkpoint: Checkpoint) throws -> ModelConfig? {
        let files = checkpoint.sideFiles
        guard let bytes = try files.read(settingsName, bytesMax: settingsBytesMax) else {
            return nil
        }
        return try ModelConfig.parse(bytes.span, file: files.path(settingsName).string)
    }

    private static func numbers(_ value: JSONValue?) -> [Int32] {
        guard let value else { return [] }
        let entries = value.elements { $0.integer } ?? value.integer.map { [$0] } ?? []
        return entries.compactMap { Int32(exactly: $0) }
    }
}
