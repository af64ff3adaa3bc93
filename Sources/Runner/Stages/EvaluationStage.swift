// Stage `evaluate`: one task on one model. Results are kept by model and text, so that an
// original is evaluated once for ever.

import Catalogue
import Engine
import Foundation
import Jobs
import Store
import SystemPackage

/// A figure of one task.
struct Figure: Codable, Equatable {
    var task: String
    var metric: String
    var value: Double
    var standardError: Double
    var count: Int
}

struct EvaluationStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics
    let data: RootResolver

    func run(
        _ evaluation: JobDescription.Evaluation, model: Model, identity: Digest,
        tokenizer: IdentifiedTokenizer, label: String
    ) throws -> Figure {
        let path = try data.resolve(evaluation.parameters.text("path")).path.string
        let text = try CalibrationSet.readText(path)
        let names = evaluation.parameters.values.keys.filter { $0 != "path" }
        let request = StageRequest(
            name: "evaluate",
            inputs: [
                (role: "model", digest: identity),
                (role: "tokenizer", digest: tokenizer.digest),
                (role: "text", digest: Digest(of: text)),
            ],
            params: [
                "numerics": numerics.key,
                "parameters": evaluation.parameters.canonical(Array(names)),
                "task": .string(evaluation.task),
            ],
            detail: "\(label): \(evaluation.task)")
        let result = try cache.run(request) { outputs in
            let figure = try perplexity(
                evaluation, text: text, path: path, model: model, tokenizer: tokenizer)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            try outputs.put("figures", [UInt8](try encoder.encode(figure)))
        }
        let bytes = try cache.bytes(result, "figures", stage: "evaluate")
        return try JSONDecoder().decode(Figure.self, from: Data(bytes))
    }

    private func perplexity(
        _ evaluation: JobDescription.Evaluation, text: String, path: String, model: Model,
        tokenizer: IdentifiedTokenizer
    ) throws -> Figure {
        let ids = try tokenizer.tokenizer.encode(text, addSpecialTokens: false)
        guard ids.count >= 2 else {
            throw EvaluationError.textTooShort(path: path, tokens: ids.count)
        }
        let parameters = evaluation.parameters
        let windows = try Perplexity.windows(
            of: ids, length: parameters.integer("window"), stride: parameters.integer("stride"),
            limit: parameters.values["limit"]?.integer)
        let measured = try Perplexity.measure(
            windows: windows,
            forward: ForwardPass(weights: model.weights, mode: numerics.mode),
            observer: progress)
        return Figure(
            task: evaluation.task, metric: "perplexity", value: measured.perplexity,
            standardError: measured.perplexityStandardError, count: measured.tokens)
    }
}
