// The tasks that read a text instead of asking questions, from their parameters to their figures.

package import Catalogue
package import Model
package import Texts
import Tokenizer

package struct TextMeasures {
    /// Raised whenever the same text gives other figures than before.
    package static let version = 5

    private let encoder: PromptEncoder
    private let path: String
    private let parameters: Parameters

    /// - Parameter path: of the text, for messages.
    package init(encoder: PromptEncoder, path: String, parameters: Parameters) {
        self.encoder = encoder
        self.path = path
        self.parameters = parameters
    }

    /// What a job or a command asks of a text.
    package enum Reading: Sendable, Equatable {
        /// Disjoint or strided windows, each scored alone.
        case windows
        /// Whole documents, every token predicted once.
        case rolling
        /// Beside another model.
        case divergence
    }

    package static func reading(task: String, _ parameters: Parameters) -> Reading {
        if task == "divergence" { return .divergence }
        return parameters["windows"]?.text == "rolling" ? .rolling : .windows
    }

    /// Windows whose token perplexity is measured.
    package func perplexityWindows(_ text: String) throws -> [Perplexity.Window] {
        try windows(text, stride: parameters.integer("stride"))
    }

    /// Windows in which two models are compared.
    package func divergenceWindows(_ text: String) throws -> [Perplexity.Window] {
        try windows(text, stride: parameters.integer("window"))
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
}
