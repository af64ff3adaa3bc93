// What a model is given to write from: prompts that it answers, openings that it goes on from.

import JSON

/// The beginning of a text that a model is to write.
package struct WritingPrompt: Sendable, Equatable {
    /// What sort of text it asks for: `story`, `code`, ...
    package let kind: String
    /// Code of the language: `en`, `de`, ...
    package let language: String
    package let text: String

    /// 240 things that people ask a chat model for.
    package static let questions = read("prompt", of: "layerfold:calibration-prompts.jsonl")

    /// 72 beginnings of documents of many kinds.
    package static let openings = read("opening", of: "layerfold:calibration-openings.jsonl")

    /// - Parameter key: that holds the text.
    private static func read(_ key: String, of path: String) -> [WritingPrompt] {
        let bytes = BuiltInText.bytes(path) ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let value = try? JSONValue(
                parsing: String(decoding: line, as: UTF8.self), limits: CalibrationSet.jsonLimits)
            guard let kind = value?["kind"]?.string, let language = value?["language"]?.string,
                let text = value?[key]?.string
            else { return nil }
            return WritingPrompt(kind: kind, language: language, text: text)
        }
    }
}
