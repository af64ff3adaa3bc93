// Prompts that a model goes on with, in parts that are kept as soon as they are there: a stage that
// was stopped goes on behind its last part.

import Checkpoint
import Generation
import JSON
import Model
import Store
import TensorMath

struct GenerationParts {
    let generator: TextGenerator
    /// What names the generator's model.
    let model: Digest
    /// As the model reads them: they stand for file, tokenizer and template.
    let prompts: [[Int32]]
    /// Prompts of a part: what an interruption loses.
    let size: Int
    /// What the texts depend on besides model, prompts and stop tokens.
    let params: [String: KeyJSON]
    /// What else decides where a text ends.
    var others: StageInputs = []

    // MARK: For the whole stage

    var inputs: StageInputs { inputs(of: prompts[...]) }

    var allParams: KeyJSON { .object(params.merging(["stop": stopKey]) { own, _ in own }) }

    var need: StageNeed {
        StageNeed(
            work: generator.work(prompts),
            peakBytes: parts.map { generator.peakByteCount(Array(prompts[$0])) }.max() ?? 0)
    }

    /// What follows each prompt.
    func run(_ cache: StageCache) throws -> [Generated] {
        var texts: [Generated] = []
        var kept = 0
        for part in parts {
            let key = key(of: part)
            if let known = try cache.recalled(GeneratedFile.role, of: key),
                let found = GeneratedFile.decode(known, count: part.count)
            {
                texts += found
                kept += part.count
                continue
            }
            var generator = generator
            generator.firstNumber = part.lowerBound
            let watch = StageWatch()
            let found = try generator.run(
                Array(prompts[part]),
                observer: PartProgress(
                    observer: cache.progress, part: part, of: prompts.count,
                    tokens: generator.tokensMax))
            try cache.keep(key, seconds: watch.stop().seconds) {
                try $0.put(GeneratedFile.role, GeneratedFile.encode(found), elementBytes: 4)
            }
            texts += found
        }
        if kept > 0 { cache.progress.note("\(kept) of \(prompts.count) texts were kept") }
        return texts
    }

    // MARK: Parts

    private var parts: [Range<Int>] {
        stride(from: 0, to: prompts.count, by: size).map { $0..<min(prompts.count, $0 + size) }
    }

    private var stopKey: KeyJSON {
        .array(generator.stop.ids.sorted().map { .integer(Int($0)) })
    }

    private func key(of part: Range<Int>) -> ActionKey {
        var params = params
        params["stop"] = stopKey
        // What is drawn for a prompt depends on its number; what is likeliest does not.
        if generator.sampling != .greedy { params["first"] = .integer(part.lowerBound) }
        return StageCache.key(
            "generation-part", version: TextGenerator.version, inputs: inputs(of: prompts[part]),
            params: .object(params))
    }

    private func inputs(of prompts: ArraySlice<[Int32]>) -> StageInputs {
        var bytes = TokenBytes()
        for prompt in prompts { bytes.append(prompt) }
        return [
            (role: "model", digest: model), (role: "prompts", digest: Digest(of: bytes.bytes)),
        ] + others
    }
}

/// Texts that a model made, as a file of arrays.
enum GeneratedFile {
    static let role = "answers"
    /// No token has this id.
    private static let noStop: Int32 = -1

    static func encode(_ texts: [Generated]) -> [UInt8] {
        var archive = TensorArchive()
        func add(_ name: String, _ values: [Int32]) {
            archive.add(name, shape: [values.count], integers: values)
        }
        add("tokens", texts.flatMap(\.tokens))
        add("count", texts.map { Int32($0.tokens.count) })
        add("stop", texts.map { $0.stop ?? noStop })
        add(
            "ending", texts.map { Int32(Generated.Ending.allCases.firstIndex(of: $0.ending) ?? 0) })
        return archive.bytes
    }

    /// Nil where the arrays are not those of as many texts.
    static func decode(_ bytes: [UInt8], count: Int) -> [Generated]? {
        guard let archive = try? TensorArchive(parsing: bytes),
            let tokens = archive.integers("tokens"), let counts = archive.integers("count"),
            let stops = archive.integers("stop"), let endings = archive.integers("ending"),
            [counts, stops, endings].allSatisfy({ $0.count == count }),
            counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, { $0 + Int($1) }) == tokens.count,
            endings.allSatisfy({ Generated.Ending.allCases.indices.contains(Int($0)) })
        else { return nil }
        var start = 0
        return (0..<count).map { text in
            let end = start + Int(counts[text])
            defer { start = end }
            return Generated(
                tokens: Array(tokens[start..<end]),
                ending: Generated.Ending.allCases[Int(endings[text])],
                stop: stops[text] == noStop ? nil : stops[text])
        }
    }
}

/// A part's tokens told as those of all prompts.
private struct PartProgress: WorkObserver {
    let observer: ProgressReporter
    let part: Range<Int>
    let count: Int
    let tokens: Int

    /// - Parameter tokens: of a text, at the most.
    init(observer: ProgressReporter, part: Range<Int>, of count: Int, tokens: Int) {
        self.observer = observer
        self.part = part
        self.count = count
        self.tokens = tokens
    }

    func checkpoint() throws { try observer.checkpoint() }

    func progress(done: Int, total: Int, unit: String, detail: String) {
        observer.progress(
            done: part.lowerBound * tokens + done, total: count * tokens, unit: unit,
            detail: "texts \(part.lowerBound + 1) to \(part.upperBound) of \(count)")
    }
}
