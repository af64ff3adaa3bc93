// Stage `write`: texts that the original writes itself, as calibration.

import Catalogue
import Checkpoint
import Failures
import Generation
import JSON
import Jobs
import Model
import Store
import TensorMath
import Texts

struct WritingStage: Stage {
    let name = "write"
    var version: Int { TextGenerator.version }

    private let original: IdentifiedModel
    private let calibration: JobDescription.Calibration
    private let prompts: [[Int32]]
    /// What a reader should know before it is written.
    private var warnings: [String] = []
    private let stop: StopTokens
    private let numerics: Numerics

    /// Texts that are kept together: a stage that was stopped goes on behind them.
    private static let partCount = 128

    /// - Throws: what makes prompts, or stop tokens, unreadable.
    init(
        _ calibration: JobDescription.Calibration, by original: IdentifiedModel,
        _ tokenizer: IdentifiedTokenizer, _ numerics: Numerics
    ) throws {
        self.original = original
        self.calibration = calibration
        self.numerics = numerics
        stop = try StopTokens(original.model.checkpoint)
        let length = min(calibration.maxTokens, original.model.blueprint.contextLength)
        let longest = length - WritingQuality.tokensMin
        let (chat, problem) = ChatPrompt.usable(folder: original.folder)
        if let problem {
            warnings.append("\(calibration.title): no prompts are answered, because \(problem)")
        }
        let beginnings = try WritingPlan(calibration, hasTemplate: chat != nil).beginnings()
        prompts = try beginnings.map { beginning in
            switch beginning {
            case .question(let text):
                try chat?.tokens(text, by: tokenizer.tokenizer) ?? tokenizer.encoder.encode(text)
            case .opening(let text): try tokenizer.encoder.encode(text)
            }
        }.filter { !$0.isEmpty && $0.count <= longest }
        if stop.ids.isEmpty {
            warnings.append(
                "\(calibration.title): the model's files name no `eos_token_id`: each text is as "
                    + "long as `max_tokens` allows")
        }
        guard !prompts.isEmpty else {
            throw WritingError.promptsTooLong(maxTokens: calibration.maxTokens)
        }
    }

    /// The prompts are read through tokenizer and template, and say all that these decide.
    var inputs: StageInputs {
        [
            (role: "model", digest: original.digest),
            (role: "prompts", digest: Self.digest(prompts[...])),
        ]
    }

    var params: KeyJSON {
        .object(["numerics": numerics.key, "sampling": sampling, "stop": stopKey])
    }

    private var sampling: KeyJSON {
        [
            "max_tokens": .integer(calibration.maxTokens), "seed": .integer(calibration.seed),
            "parameters": calibration.parameters.canonical(["temperature", "top_p"]),
        ]
    }

    private var stopKey: KeyJSON { .array(stop.ids.sorted().map { .integer(Int($0)) }) }

    var detail: String { "\(prompts.count) texts of up to \(calibration.maxTokens) tokens" }

    var plannedPeak: Int? { generator.peakByteCount(Array(prompts.prefix(Self.partCount))) }

    /// As if no text ended before its time.
    var work: Work {
        let blueprint = original.model.blueprint
        let length = calibration.maxTokens
        let load = TokenLoad(
            lengths: prompts.map { _ in length }, computed: prompts.count * length)
        let drawn = prompts.reduce(0) { $0 + length - $1.count }
        return Work(
            operations: blueprint.operations(load) + blueprint.headOperations(Double(drawn)))
    }

    func assumed(_ unknown: StageResult) -> TokenisedSet {
        let text = [Int32](repeating: 0, count: calibration.maxTokens)
        return TokenisedSet(
            batch: PackedSequences(prompts.map { _ in text }), digest: unknown.key,
            title: calibration.title)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var texts: [[Int32]] = []
        for start in stride(from: 0, to: prompts.count, by: Self.partCount) {
            let part = start..<min(prompts.count, start + Self.partCount)
            texts += try write(part, cache)
        }
        var faults: [String: Int] = [:]
        var kept: [[Int32]] = []
        for (prompt, text) in zip(prompts, texts) {
            if let fault = WritingQuality.fault(of: text) {
                faults[fault.rawValue, default: 0] += 1
            } else {
                kept.append(prompt + text)
            }
        }
        guard !kept.isEmpty else { throw WritingError.nothingOfUse(samples: prompts.count) }
        try outputs.put("tokens", TokenArchive.bytes(kept))
        try outputs.put("left", json: faults)
    }

    func decode(_ stored: StageResult) throws -> TokenisedSet {
        let left = try stored.json([String: Int].self, "left")
        var warnings = warnings
        let count = left.values.reduce(0, +)
        // Some always are.
        if 4 * count > prompts.count {
            warnings.append(
                "\(calibration.title): \(count) of \(prompts.count) texts that the model wrote break "
                    + "off at once or run in circles; they are left out")
        }
        return TokenisedSet(
            batch: PackedSequences(try stored.sequences("tokens")),
            digest: try stored.digest("tokens"), title: calibration.title, warnings: warnings)
    }

    // MARK: Parts

    private var generator: TextGenerator {
        var generator = TextGenerator(
            ForwardPass(weights: original.model.weights, mode: numerics.mode), stop: stop,
            sampling: .nucleus(
                temperature: calibration.parameters.number("temperature"),
                topP: calibration.parameters.number("top_p"), seed: UInt64(calibration.seed)),
            tokensMax: calibration.maxTokens)
        generator.lengthMax = calibration.maxTokens
        return generator
    }

    /// What follows some prompts, with the stop tokens that ended it.
    private func write(_ part: Range<Int>, _ cache: StageCache) throws -> [[Int32]] {
        let key = StageCache.key(
            "write-part", version: version,
            inputs: [
                (role: "model", digest: original.digest),
                (role: "prompts", digest: Self.digest(prompts[part])),
            ],
            params: [
                "first": .integer(part.lowerBound), "numerics": numerics.key,
                "sampling": sampling, "stop": stopKey,
            ])
        if let bytes = try cache.recalled("tokens", of: key),
            let archive = try? TensorArchive(parsing: bytes),
            let texts = TokenArchive.sequences(archive), texts.count == part.count
        {
            return texts
        }
        var generator = generator
        generator.firstNumber = part.lowerBound
        let progress = WrittenParts(
            observer: cache.progress, part: part, count: prompts.count,
            tokensEach: calibration.maxTokens)
        let watch = StageWatch()
        let texts = try generator.run(Array(prompts[part]), observer: progress).map {
            $0.tokens + ($0.stop.map { [$0] } ?? [])
        }
        try cache.keep(key, seconds: watch.stop().seconds) { outputs in
            try outputs.put("tokens", TokenArchive.bytes(texts))
        }
        return texts
    }

    private static func digest(_ prompts: ArraySlice<[Int32]>) -> Digest {
        var bytes = TokenBytes()
        for prompt in prompts { bytes.append(prompt) }
        return Digest(of: bytes.bytes)
    }
}

/// A part's progress as the stage's.
private struct WrittenParts: WorkObserver {
    let observer: ProgressReporter
    let part: Range<Int>
    let count: Int
    let tokensEach: Int

    func checkpoint() throws { try observer.checkpoint() }

    func progress(done: Int, total: Int, unit: String, detail: String) {
        observer.progress(
            done: part.lowerBound * tokensEach + done, total: count * tokensEach, unit: unit,
            detail: "texts \(part.lowerBound + 1) to \(part.upperBound) of \(count)")
    }
}

extension WritingPlan {
    /// - Parameter hasTemplate: whether the model knows how a user speaks to it.
    init(_ calibration: JobDescription.Calibration, hasTemplate: Bool) {
        let values = calibration.parameters
        let codes = values.text("languages").split { $0 == "," || $0 == " " }
        self.init(
            samples: values.integer("samples"),
            answers: hasTemplate ? values.number("answers") : 0,
            languages: Set(codes.map(String.init)), seed: UInt64(calibration.seed))
    }
}
