// The tasks that read a text instead of asking questions, from their parameters to their figures.

package import Catalogue
package import TensorMath

package struct TextMeasures {
    private let encoder: PromptEncoder
    private let mode: ComputeMode
    private let path: String
    private let parameters: Parameters

    /// - Parameter path: of the text, for messages.
    package init(
        encoder: PromptEncoder, mode: ComputeMode, path: String, parameters: Parameters
    ) {
        self.encoder = encoder
        self.mode = mode
        self.path = path
        self.parameters = parameters
    }

    private func forward(_ model: Model) -> ForwardPass {
        ForwardPass(weights: model.weights, mode: mode)
    }

    /// Token perplexity in windows scored alone.
    package func perplexity(
        _ text: String, of model: Model, observer: some WorkObserver
    ) throws -> [TaskFigure] {
        let measured = try Perplexity.measure(
            windows: try windows(text, stride: parameters.integer("stride")),
            forward: forward(model), observer: observer)
        return [
            TaskFigure(
                metric: "perplexity", value: measured.perplexity,
                standardError: measured.perplexityStandardError, count: measured.tokens)
        ]
    }

    private func windows(_ text: String, stride: Int) throws -> [Perplexity.Window] {
        let ids = try encoder.tokenizer.encode(text, addSpecialTokens: false)
        guard ids.count >= 2 else {
            throw EvaluationError.textTooShort(path: path, tokens: ids.count)
        }
        return try Perplexity.windows(
            of: ids, length: parameters.integer("window"), stride: stride,
            limit: parameters["limit"]?.integer)
    }

    /// What the rolling perplexities ask of a model, and what they divide by.
    package func rolling(
        _ text: String, of model: Model
    ) throws -> (
        requests: [LikelihoodRequest], measure: RollingPerplexity.Measure, contextLength: Int
    ) {
        let contextLength = parameters["context"]?.integer ?? model.blueprint.contextLength
        let (requests, measure) = try RollingPerplexity.requests(
            documents: RollingPerplexity.documents(
                text, isLine: parameters["documents"]?.text == "lines"),
            encoder: encoder, contextLength: contextLength, limit: parameters["limit"]?.integer)
        guard measure.tokens > 0 else {
            throw EvaluationError.textTooShort(path: path, tokens: measure.tokens)
        }
        return (requests, measure, contextLength)
    }

    /// How far a model is from its original; nothing is computed where they are the same.
    package func divergence(
        _ text: String, of model: Model, from original: Model, isSame: Bool,
        observer: some WorkObserver
    ) throws -> [TaskFigure] {
        let windows = try windows(text, stride: parameters.integer("window"))
        if isSame {
            let tokens = windows.reduce(0) { $0 + $1.tokens.count - $1.firstPredicted }
            return Divergence.Result.none(tokens: tokens).figures
        }
        return try Divergence.measure(
            windows: windows, original: forward(original), model: forward(model),
            observer: observer
        ).figures
    }
}
