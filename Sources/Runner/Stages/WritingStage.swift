// Stage `write`: texts that the original writes itself, as calibration.

import Catalogue
import Generation
import JSON
import Jobs
import Model
import Store
import Texts

struct WritingStage: Stage {
    let name = "write"
    /// Of the texts, and of which of them are kept.
    let version = 100 * WritingQuality.version + TextGenerator.version
    private let calibration: JobDescription.Calibration
    private let parts: GenerationParts
    /// What a reader should know before anything is written.
    private let warnings: [String]
    private let known = Once<StageNeed>()

    /// Twice as many as gain from being decoded together: the last ones of a part stand alone.
    private static let partSize = 128

    /// - Throws: what makes prompts, or stop tokens, unreadable.
    init(
        _ calibration: JobDescription.Calibration, by original: IdentifiedModel,
        _ tokenizer: IdentifiedTokenizer, _ numerics: Numerics
    ) throws {
        self.calibration = calibration
        let stop = try StopTokens(original.model.checkpoint)
        let (chat, problem) = ChatPrompt.usable(original.sideFiles)
        let all = try WritingPlan(calibration, hasTemplate: chat != nil).beginnings().compactMap {
            switch $0 {
            case .question(let text): try chat?.tokens(text, by: tokenizer.tokenizer)
            case .opening(let text): try tokenizer.encoder.encode(text)
            }
        }
        let length = min(calibration.maxTokens, original.model.blueprint.contextLength)
        let prompts = all.filter {
            !$0.isEmpty && $0.count <= length - WritingQuality.tokensMin
        }
        guard !prompts.isEmpty else { throw WritingError.promptsTooLong(tokensMax: length) }
        let values = calibration.parameters
        var generator = TextGenerator(
            ForwardPass(weights: original.model.weights, mode: numerics.mode), stop: stop,
            sampling: .nucleus(
                temperature: values.number("temperature"), topP: values.number("top_p"),
                seed: UInt64(calibration.seed)),
            tokensMax: length)
        generator.lengthMax = length
        parts = GenerationParts(
            generator: generator, model: original.digest, prompts: prompts, size: Self.partSize,
            params: [
                "max_tokens": .integer(length), "numerics": numerics.key,
                "parameters": values.canonical(["temperature", "top_p"]),
                "seed": .integer(calibration.seed),
            ])
        let long = all.count - prompts.count
        warnings = [
            problem.map { "no prompts are answered, because \($0)" },
            stop.absence(texts: "each text is as long as `max_tokens` allows"),
            long == 0
                ? nil
                : "\(long) of \(all.count) prompts leave no room for a text of use in "
                    + "\(length) tokens, and are left out",
        ].compactMap { $0 }.map { "\(calibration.title): \($0)" }
    }

    var inputs: StageInputs { parts.inputs }
    var params: KeyJSON { parts.allParams }

    var detail: String { "\(parts.prompts.count) texts of up to \(calibration.maxTokens) tokens" }

    /// As if no text ended before its time.
    private var need: StageNeed { known { parts.need } }
    var work: Work { need.work }
    var plannedPeak: Int? { need.peakBytes }

    func assumed(_ unknown: StageResult) -> TokenisedSet {
        let text = [Int32](repeating: 0, count: calibration.maxTokens)
        return TokenisedSet(
            batch: PackedSequences(parts.prompts.map { _ in text }), digest: unknown.key,
            title: calibration.title)
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let texts = try parts.run(cache)
        let good = zip(parts.prompts, texts).filter { WritingQuality.isOfUse($0.1.tokens) }
        guard !good.isEmpty else { throw WritingError.nothingOfUse(samples: texts.count) }
        // A stop token belongs to what is learnt.
        let kept = good.map { prompt, text in
            prompt + text.tokens + (text.stop.map { [$0] } ?? [])
        }
        try outputs.put("tokens", TokenArchive.bytes(kept))
    }

    func decode(_ stored: StageResult) throws -> TokenisedSet {
        let kept = try stored.sequences("tokens")
        var warnings = warnings
        let (left, count) = (parts.prompts.count - kept.count, parts.prompts.count)
        // Some always are.
        if 4 * left > count {
            warnings.append(
                "\(calibration.title): \(left) of \(count) texts that the model wrote break off at "
                    + "once or run in circles; they are left out")
        }
        return TokenisedSet(
            batch: PackedSequences(kept), digest: try stored.digest("tokens"),
            title: calibration.title, warnings: warnings)
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
