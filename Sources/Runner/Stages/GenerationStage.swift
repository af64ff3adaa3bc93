// Stage `evaluate` of a task that lets a model write: its greedy answers to all prompts. They are
// kept by model and prompts, so that an original is asked once for ever.

import Evaluation
import Generation
import JSON
import Model
import Store

struct GenerationStage: Stage {
    let name = "evaluate"
    let version = TextGenerator.version
    private let subject: Subject
    private let task: String
    private let parts: GenerationParts
    private let known = Once<StageNeed>()

    /// Half as many as gain from being decoded together: an interruption loses less.
    private static let partSize = 32

    /// - Parameter stop: of the original, whose files a folded model shares.
    init(
        subject: Subject, task: String, prepared: PreparedPrompts, stop: StopTokens,
        tokenizer: IdentifiedTokenizer, numerics: Numerics
    ) {
        self.subject = subject
        self.task = task
        var generator = TextGenerator(
            subject.forward(numerics), stop: stop, sampling: .greedy,
            tokensMax: prepared.tokensMax)
        let texts = StopTexts(prepared.until, tokenizer.tokenizer)
        generator.isOver = { try texts.end($0) }
        var params: [String: KeyJSON] = [
            "numerics": numerics.key, "task": .string(task),
            "tokens": .integer(prepared.tokensMax),
            "until": .array(prepared.until.map { .string($0) }),
        ]
        // Of no concern to answers that end at stop tokens alone.
        if !prepared.until.isEmpty { params["until_version"] = .integer(StopTexts.version) }
        parts = GenerationParts(
            generator: generator, model: subject.identity,
            prompts: prepared.prompts.map(\.tokens), size: Self.partSize, params: params,
            // Where an answer ends by what it says, the tokenizer says what that is.
            others: prepared.until.isEmpty ? [] : [(role: "tokenizer", digest: tokenizer.digest)])
    }

    var inputs: StageInputs { parts.inputs }
    var params: KeyJSON { parts.allParams }

    var detail: String { "\(subject.label): \(task), \(parts.prompts.count) prompts" }

    var kind: String { "\(name) \(task)" }

    private var need: StageNeed { known { parts.need } }
    var work: Work { need.work }
    var plannedPeak: Int? { need.peakBytes }

    func assumed(_ unknown: StageResult) -> [Generated] {
        parts.prompts.map { _ in Generated(tokens: [0], ending: .length) }
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try outputs.put(
            GeneratedFile.role, GeneratedFile.encode(try parts.run(cache)), elementBytes: 4)
    }

    func decode(_ stored: StageResult) throws -> [Generated] {
        let bytes = try stored.bytes(GeneratedFile.role)
        guard let answers = GeneratedFile.decode(bytes, count: parts.prompts.count) else {
            throw stored.lost(GeneratedFile.role)
        }
        return answers
    }
}
