// Stage `evaluate` of a task that lets a model write: its greedy answers to all prompts. They are
// kept by model and prompts, so that an original is asked once for ever; parts of them are kept as
// soon as they are there.

import Checkpoint
import Evaluation
import Generation
import JSON
import Model
import Store
import TensorMath

struct GenerationStage: Stage {
    let name = "evaluate"
    let version = TextGenerator.version
    let subject: Subject
    let task: String
    let prepared: PreparedPrompts
    let stop: StopTokens
    let tokenizer: IdentifiedTokenizer
    let numerics: Numerics
    private let known = Once<StageNeed>()

    /// - Parameter stop: of the original, whose files a folded model shares.
    init(
        subject: Subject, task: String, prepared: PreparedPrompts, stop: StopTokens,
        tokenizer: IdentifiedTokenizer, numerics: Numerics
    ) {
        self.subject = subject
        self.task = task
        self.prepared = prepared
        self.stop = stop
        self.tokenizer = tokenizer
        self.numerics = numerics
    }

    /// Prompts of a part: what an interrupted evaluation loses. Half as many as gain from being
    /// decoded together.
    private static let partSize = 32

    private var prompts: [[Int32]] { prepared.prompts.map(\.tokens) }

    /// What the model reads stands for file, tokenizer and template.
    var inputs: StageInputs { inputs(of: prompts) }

    var params: KeyJSON {
        [
            "numerics": numerics.key, "stop": .array(stop.ids.sorted().map { .integer(Int($0)) }),
            "task": .string(task), "tokens": .integer(prepared.tokensMax),
            "until": .array(prepared.until.map { .string($0) }),
        ]
    }

    var detail: String { "\(subject.label): \(task), \(prompts.count) prompts" }

    var kind: String { "\(name) \(task)" }

    var work: Work { need.work }
    var plannedPeak: Int? { need.peakBytes }

    private var need: StageNeed {
        known {
            let generator = generator
            return StageNeed(
                work: generator.work(prompts),
                peakBytes: parts.map { generator.peakByteCount(Array(prompts[$0])) }.max() ?? 0)
        }
    }

    func assumed(_ unknown: StageResult) -> [Generated] {
        prompts.map { _ in Generated(tokens: [0], ending: .length) }
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        var answers: [Generated] = []
        var kept = 0
        for part in parts {
            let key = key(of: part)
            if let known = try cache.recalled(AnswerFile.role, of: key),
                let found = AnswerFile.decode(known, count: part.count)
            {
                answers += found
                kept += part.count
                continue
            }
            let found = try generator.run(
                Array(prompts[part]),
                observer: PartProgress(
                    cache.progress, before: part.lowerBound, of: prompts.count,
                    tokens: prepared.tokensMax))
            try cache.keep(key, seconds: 0) {
                try $0.put(AnswerFile.role, AnswerFile.encode(found), elementBytes: 4)
            }
            answers += found
        }
        if kept > 0 { cache.progress.note("\(kept) of \(prompts.count) answers were kept") }
        try outputs.put(AnswerFile.role, AnswerFile.encode(answers), elementBytes: 4)
    }

    func decode(_ stored: StageResult) throws -> [Generated] {
        let bytes = try stored.bytes(AnswerFile.role)
        guard let answers = AnswerFile.decode(bytes, count: prompts.count) else {
            throw stored.lost(AnswerFile.role)
        }
        return answers
    }

    // MARK: Parts

    private var parts: [Range<Int>] {
        stride(from: 0, to: prompts.count, by: Self.partSize).map {
            $0..<min(prompts.count, $0 + Self.partSize)
        }
    }

    private var generator: TextGenerator {
        var generator = TextGenerator(
            subject.forward(numerics), stop: stop, sampling: .greedy,
            tokensMax: prepared.tokensMax)
        let texts = StopTexts(prepared.until, tokenizer.tokenizer)
        generator.isOver = { try texts.end($0) }
        return generator
    }

    private func key(of part: Range<Int>) -> ActionKey {
        StageCache.key(
            "generation-part", version: version, inputs: inputs(of: Array(prompts[part])),
            params: params)
    }

    private func inputs(of prompts: [[Int32]]) -> StageInputs {
        var bytes = TokenBytes()
        for prompt in prompts { bytes.append(prompt) }
        var inputs: StageInputs = [
            (role: "model", digest: subject.identity),
            (role: "prompts", digest: Digest(of: bytes.bytes)),
        ]
        // Where an answer ends by what it says, the tokenizer says what that is.
        if !prepared.until.isEmpty {
            inputs.append((role: "tokenizer", digest: tokenizer.digest))
        }
        return inputs
    }
}

/// Answers as a file of arrays.
private enum AnswerFile {
    static let role = "answers"

    static func encode(_ answers: [Generated]) -> [UInt8] {
        var archive = TensorArchive()
        func add(_ name: String, _ values: [Int32]) {
            archive.add(name, shape: [values.count], integers: values)
        }
        add("tokens", answers.flatMap(\.tokens))
        add("count", answers.map { Int32($0.tokens.count) })
        add(
            "ending",
            answers.map { Int32(Generated.Ending.allCases.firstIndex(of: $0.ending) ?? 0) })
        return archive.bytes
    }

    /// Nil where the arrays are not those of as many answers.
    static func decode(_ bytes: [UInt8], count: Int) -> [Generated]? {
        guard let archive = try? TensorArchive(parsing: bytes),
            let tokens = archive.integers("tokens"), let counts = archive.integers("count"),
            let endings = archive.integers("ending"), counts.count == count,
            endings.count == count, counts.allSatisfy({ $0 >= 0 }),
            counts.reduce(0, { $0 + Int($1) }) == tokens.count,
            endings.allSatisfy({ Generated.Ending.allCases.indices.contains(Int($0)) })
        else { return nil }
        var start = 0
        return zip(counts, endings).map { count, ending in
            defer { start += Int(count) }
            return Generated(
                tokens: Array(tokens[start..<start + Int(count)]),
                ending: Generated.Ending.allCases[Int(ending)])
        }
    }
}

/// A part's tokens told as those of all prompts.
private struct PartProgress<Observer: WorkObserver>: WorkObserver {
    private let observer: Observer
    private let before: Int
    private let total: Int

    /// - Parameters:
    ///   - before: prompts of the parts before this one.
    ///   - tokens: of an answer, at the most.
    init(_ observer: Observer, before: Int, of prompts: Int, tokens: Int) {
        self.observer = observer
        self.before = before * tokens
        total = prompts * tokens
    }

    func checkpoint() throws { try observer.checkpoint() }

    func progress(done: Int, total: Int, unit: String, detail: String) {
        observer.progress(done: before + done, total: self.total, unit: unit, detail: detail)
    }
}
