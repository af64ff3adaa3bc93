// Which rows of the residual stream are kept.

import Model
import TensorMath
import Testing

@testable import Analysis

@Suite struct ActivationCaptureTests {
    @Test("a capture takes last tokens, means, all tokens or zeros, and skips empty samples")
    func captures() {
        let batch = PackedSequences([[1, 2, 3], [], [4]])
        let stream = MatrixView(rows: 4, columns: 2, values: [1, 2, 3, 4, 5, 9, 7, 8])
        func take(_ representation: Representation) -> [Float] {
            ActivationCapture(representation, of: batch).take(from: stream).values()
        }
        #expect(take(.lastToken) == [5, 9, 7, 8])
        #expect(take(.mean) == [3, 5, 7, 8])
        #expect(take(.tokens) == stream.values())
        let rows = ActivationCapture(rows: [.zero, .token(1)]).take(from: stream)
        #expect(rows.values() == [0, 0, 3, 4])
    }
}
