// Stage `evaluate` of a text: perplexity, rolling perplexity, or divergence from the original.

import Catalogue
import Evaluation
import JSON
import Jobs
import Model
import Store
import Texts

struct TextStage: Stage {
    let name = "evaluate"
    let version = TextMeasures.version
    let evaluation: JobDescription.Evaluation
    let subject: Subject
    let original: Subject
    private let tokenizer: IdentifiedTokenizer
    private let encoder: PromptEncoder
    private let path: String
    private let text: String
    let textDigest: Digest
    private let numerics: Numerics
    private let known = Once<StageNeed>()

    /// - Parameter path: of the text, which is read at once.
    init(
        _ evaluation: JobDescription.Evaluation, path: String, on subject: Subject,
        original: Subject, tokenizer: IdentifiedTokenizer, encoder: PromptEncoder,
        numerics: Numerics
    ) throws {
        self.evaluation = evaluation
        self.path = path
        self.subject = subject
        self.original = original
        self.tokenizer = tokenizer
        self.encoder = encoder
        self.numerics = numerics
        text = try CalibrationSet.readText(path)
        textDigest = Digest(of: text)
    }

    private var reading: TextMeasures.Reading {
        TextMeasures.reading(task: evaluation.task, evaluation.parameters)
    }

    var inputs: StageInputs {
        var inputs: StageInputs = [
            (role: "model", digest: subject.identity),
            (role: "tokenizer", digest: tokenizer.digest),
            (role: "text", digest: textDigest),
        ]
        if case .divergence = reading {
            inputs.append((role: "original", digest: original.identity))
        }
        return inputs
    }

    var params: KeyJSON {
        let names = evaluation.parameters.values.keys.filter { $0 != "path" }
        var params: [String: KeyJSON] = [
            "numerics": numerics.key,
            "parameters": evaluation.parameters.canonical(Array(names)),
            "task": .string(evaluation.task),
        ]
        // Rolling windows begin with a token that another file than the tokenizer's names.
        if case .rolling = reading { params["prefix"] = .integer(Int(encoder.prefixID ?? -1)) }
        return .object(params)
    }

    var detail: String { "\(subject.label): \(evaluation.task)" }

    var kind: String { "\(name) \(evaluation.task)" }

    var work: Work { need.work }
    var plannedPeak: Int? { need.peakBytes }

    /// Nothing where the text is too short, which is told when it is read.
    private var need: StageNeed {
        known {
            let measures = TextMeasures(
                encoder: encoder, path: path, parameters: evaluation.parameters)
            return (try? need(measures)) ?? .none
        }
    }

    private func need(_ measures: TextMeasures) throws -> StageNeed {
        switch reading {
        case .divergence:
            return DivergenceWaves.need(
                try measures.divergenceWindows(text), of: subject, beside: original, numerics)
        case .windows:
            let windows = try measures.perplexityWindows(text)
            return WaveCache.need(
                Perplexity.requests(windows), by: subject,
                contextLength: Perplexity.contextLength(of: windows), numerics)
        case .rolling:
            let rolling = try measures.rolling(text, of: subject.model)
            return WaveCache.need(
                rolling.requests, by: subject, contextLength: rolling.contextLength, numerics)
        }
    }

    func assumed(_ unknown: StageResult) -> [TaskFigure] { [] }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        let waves = WaveCache(cache: cache, numerics: numerics)
        let measures = TextMeasures(
            encoder: encoder, path: path, parameters: evaluation.parameters)
        try outputs.put("figures", json: try figures(measures, waves))
    }

    func decode(_ stored: StageResult) throws -> [TaskFigure] {
        try stored.json([TaskFigure].self, "figures")
    }

    private func figures(_ measures: TextMeasures, _ waves: WaveCache) throws -> [TaskFigure] {
        switch reading {
        case .divergence:
            return try DivergenceWaves(waves: waves, original: original).measure(
                try measures.divergenceWindows(text), of: subject
            ).figures
        case .windows:
            let windows = try measures.perplexityWindows(text)
            let likelihoods = try waves.score(
                Perplexity.requests(windows), by: subject,
                contextLength: Perplexity.contextLength(of: windows))
            return Perplexity.result(windows, likelihoods: likelihoods).figures
        case .rolling:
            let rolling = try measures.rolling(text, of: subject.model)
            return RollingPerplexity.figures(
                rolling.measure,
                likelihoods: try waves.score(
                    rolling.requests, by: subject, contextLength: rolling.contextLength))
        }
    }
}

extension WaveCache {
    /// Log-likelihoods of all requests by a model, in their order.
    func score(
        _ requests: [LikelihoodRequest], by subject: Subject, contextLength: Int
    ) throws -> [Double] {
        try score(
            requests,
            LikelihoodRunner(
                forward: ForwardPass(weights: subject.model.weights, mode: numerics.mode),
                contextLength: contextLength), model: subject.identity)
    }
}
