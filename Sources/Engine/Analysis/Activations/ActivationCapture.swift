// What is kept of the residual stream at every layer boundary: one row per sample, or the token
// rows that an analysis asks for. Everything else is forgotten layer by layer.

package import Model
package import TensorMath

/// What of a sample stands for it.
package enum Representation: String, Sendable, CaseIterable {
    /// The state of the last token.
    case lastToken = "last-token"
    /// The mean of all tokens' states.
    case mean
    /// Every token is a sample of its own.
    case tokens
}

/// One row of a capture.
package enum CapturedRow: Sendable, Equatable {
    case token(Int)
    case mean(Range<Int>)
    /// A row of zeros: padding that an official computation has.
    case zero
}

/// Which rows of the stream are kept at each boundary.
package struct ActivationCapture: Sendable, Equatable {
    package let rows: [CapturedRow]

    /// Raised whenever the same rows get other last digits than before.
    package static let version = 2

    init(rows: [CapturedRow]) { self.rows = rows }

    /// One row a sample (`tokens`: one a token).
    package init(_ representation: Representation, of batch: PackedSequences) {
        let ranges = batch.ranges.filter { !$0.isEmpty }
        switch representation {
        case .lastToken: rows = ranges.map { .token($0.upperBound - 1) }
        case .mean: rows = ranges.map { .mean($0) }
        case .tokens: rows = ranges.flatMap { range in range.map { .token($0) } }
        }
    }

    /// Which rows of a capture of `batch` stand for each sample that holds tokens.
    package static func samples(
        _ representation: Representation, of batch: PackedSequences
    ) -> [Range<Int>] {
        var end = 0
        return batch.ranges.filter { !$0.isEmpty }.map { range in
            let start = end
            end += representation == .tokens ? range.count : 1
            return start..<end
        }
    }

    /// The kept rows of a stream, [rows.count, hidden].
    package func take(from stream: MatrixView) -> MatrixView {
        let result = MatrixView(rows: rows.count, columns: stream.columns)
        for (index, row) in rows.enumerated() {
            let target = result.rows(index..<index + 1)
            switch row {
            case .token(let token): target.assign(stream.rows(token..<token + 1))
            case .mean(let range):
                for column in 0..<stream.columns {
                    // Summed in double: a mean must not depend on how long the sample is.
                    let sum = range.reduce(0.0) { $0 + Double(stream[$1, column]) }
                    target[0, column] = Float(sum / Double(range.count))
                }
            case .zero: break
            }
        }
        return result
    }
}

extension ForwardPass {
    /// Runs the model over the batch and hands over what `capture` asks for at every boundary:
    /// 0 is the embedding output, l the output of layer l - 1 before the final norm.
    ///
    /// - Parameter take: called with boundaries in order and rows [capture.rows.count, hidden].
    package func record(
        _ capture: ActivationCapture, of batch: PackedSequences, observer: some WorkObserver,
        take: (_ boundary: Int, _ rows: MatrixView) throws -> Void
    ) throws {
        guard let asked = capture.tokens else {
            _ = try run(batch, observer: observer) { boundary, stream in
                try take(boundary, capture.take(from: stream))
            }
            return
        }
        try AskedPass(self, batch, asked: asked).run(observer: observer, atBoundary: take)
    }

    /// Floating point operations of `record`.
    package func recordingOperations(
        _ capture: ActivationCapture, of batch: PackedSequences
    ) -> Double {
        capture.tokens.map { AskedPass(self, batch, asked: $0).operations }
            ?? blueprint.operations(TokenLoad(batch))
    }
}

extension ActivationCapture {
    /// The token of each row; nil where a row is no single token.
    fileprivate var tokens: [Int]? {
        var tokens: [Int] = []
        for row in rows {
            guard case .token(let token) = row else { return nil }
            tokens.append(token)
        }
        return tokens
    }
}
