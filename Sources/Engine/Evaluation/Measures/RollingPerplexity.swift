// Word, byte and token perplexity and bits per byte over whole documents in rolling windows, as
// lm-evaluation-harness 0.4.13 computes them (utils.py, get_rolling_token_windows with one token
// of context; api/metrics.py): every token is predicted once, the first from the prefix token.

import Foundation
import PythonText
package import Texts

package enum RollingPerplexity {
    /// What a text counts besides its tokens.
    package struct Measure: Sendable, Equatable {
        package var documents = 0
        /// Pieces between runs of white space; an empty piece at either end counts.
        package var words = 0
        package var bytes = 0
        package var tokens = 0

        package init() {}
    }

    /// The documents of a text: the whole, or each line that holds something.
    package static func documents(_ text: String, isLine: Bool) -> [String] {
        guard isLine else { return text.isEmpty ? [] : [text] }
        return text.split { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }.filter {
            !$0.allSatisfy(\.isWhitespace)
        }.map(String.init)
    }

    /// Windows of one document; `tokens` as the tokenizer gives them, its BOS among them.
    package static func requests(
        _ tokens: [Int32], prefix: Int32, contextLength: Int
    ) -> [LikelihoodRequest] {
        precondition(contextLength >= 1, "a model reads at least one token")
        guard !tokens.isEmpty else { return [] }
        let first = min(contextLength, tokens.count)
        var requests = [
            LikelihoodRequest(context: [prefix], continuation: Array(tokens[..<first]))
        ]
        var predicted = first
        while predicted < tokens.count {
            let count = min(tokens.count - predicted, contextLength)
            let end = predicted + count
            // A last short window sees as many earlier tokens as fit beside it.
            let start = end - contextLength - 1
            requests.append(
                LikelihoodRequest(
                    context: Array(tokens[start..<predicted]),
                    continuation: Array(tokens[predicted..<end])))
            predicted = end
        }
        return requests
    }

    /// Requests of all documents of a text, and what they count.
    package static func requests(
        documents: [String], encoder: PromptEncoder, contextLength: Int, limit: Int?
    ) throws -> (requests: [LikelihoodRequest], measure: Measure) {
        let prefix = try encoder.prefixToken()
        var measure = Measure()
        var requests: [LikelihoodRequest] = []
        for document in documents.prefix(limit ?? documents.count) {
            let tokens = try encoder.encode(document)
            requests += Self.requests(tokens, prefix: prefix, contextLength: contextLength)
            measure.documents += 1
            measure.words += PythonText.wordCount(document)
            measure.bytes += document.utf8.count
            measure.tokens += tokens.count
        }
        return (requests, measure)
    }

    /// No errors: the harness gives none, because documents differ too much in length.
    package static func figures(
        _ measure: Measure, likelihoods: [Double]
    ) -> [TaskFigure] {
        let sum = likelihoods.reduce(0, +)
        func figure(_ metric: String, _ value: Double, _ count: Int) -> TaskFigure {
            TaskFigure(metric: metric, value: value, standardError: nil, count: count)
        }
        let perByte = -sum / Double(measure.bytes)
        return [
            figure("word_perplexity", exp(-sum / Double(measure.words)), measure.words),
            figure("byte_perplexity", exp(perByte), measure.bytes),
            figure("bits_per_byte", perByte / log(2), measure.bytes),
            figure("token_perplexity", exp(-sum / Double(measure.tokens)), measure.tokens),
        ]
    }
}
