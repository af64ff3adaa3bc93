// The input of every analysis: one vector per sample (or token) at one boundary of the model.

package import Failures
package import TensorMath

/// Rows `[count, width]`, row-major: the representations of `count` samples at one boundary
/// between layers. Boundary 0 is the embedding output, boundary `l` the output of layer `l - 1`
/// before the final norm.
package struct LayerRows: Sendable {
    package let count: Int
    package let width: Int
    package var values: [Float] {
        didSet { precondition(values.count == count * width, "rows keep their shape") }
    }

    package init(count: Int, width: Int, values: [Float]) {
        precondition(count >= 0 && width >= 0, "a shape is not negative")
        precondition(values.count == count * width, "\(values.count) is not \(count) x \(width)")
        self.count = count
        self.width = width
        self.values = values
    }
}

/// What an analysis can find wrong with its input. Layers and samples count from 0.
package enum AnalysisError: ClassifiedFailure, Equatable, CustomStringConvertible {
    /// There are fewer boundaries than the embedding output and one layer.
    case tooFewBoundaries(found: Int)
    /// A boundary has another shape than boundary 0.
    case shapesDiffer(
        boundary: Int, count: Int, width: Int, expectedCount: Int, expectedWidth: Int)
    /// A value is NaN or infinite.
    case notFinite(boundary: Int, sample: Int, column: Int)
    /// The estimator needs more samples.
    case tooFewSamples(found: Int, needed: Int, reason: String)
    /// The measure needs more layers.
    case tooFewLayers(found: Int, needed: Int, reason: String)
    /// A parameter is outside its range.
    case parameterOutOfRange(name: String, value: String, expected: String)
    /// The median heuristic has no width: more than half of the pairs of samples are equal.
    case medianDistanceIsZero(boundary: Int)
    /// A factorisation failed on a matrix made from finite rows.
    case linearAlgebra(boundary: Int, cause: LinearAlgebraError)
    /// No similarity measure has this name.
    case unknownMeasure(name: String, known: [String])

    package var failureClass: FailureClass {
        switch self {
        case .linearAlgebra(_, let cause): cause.failureClass
        case .tooFewBoundaries, .shapesDiffer, .notFinite, .tooFewSamples, .tooFewLayers,
            .parameterOutOfRange, .medianDistanceIsZero, .unknownMeasure:
            .user
        }
    }

    package var description: String {
        switch self {
        case .tooFewBoundaries(let found):
            "the analysis got \(found) boundaries, expected at least 2: the embedding output and "
                + "the output of one layer"
        case .shapesDiffer(let boundary, let count, let width, let expectedCount, let wanted):
            "boundary \(boundary) has \(count) rows of width \(width), expected \(expectedCount) "
                + "rows of width \(wanted) as boundary 0 has"
        case .notFinite(let boundary, let sample, let column):
            "\(Self.name(boundary)), sample \(sample), column \(column): the activation is NaN "
                + "or infinite; look at the checkpoint's weights, or compute in f32"
        case .tooFewSamples(let found, let needed, let reason):
            "\(found) samples are too few: \(reason) needs at least \(needed); enlarge the "
                + "calibration set"
        case .tooFewLayers(let found, let needed, let reason):
            "the model has \(found) layers, \(reason) needs at least \(needed); choose another "
                + "similarity measure"
        case .parameterOutOfRange(let name, let value, let expected):
            "\(name) is \(value), expected \(expected)"
        case .medianDistanceIsZero(let boundary):
            "\(Self.name(boundary)): more than half of the pairs of samples are equal, so sigma "
                + "'median' has no width; give sigma as a number"
        case .linearAlgebra(let boundary, let cause):
            "\(Self.name(boundary)): \(cause)"
        case .unknownMeasure(let name, let known):
            "no similarity measure is called `\(name)`; known: \(known.joined(separator: ", "))"
        }
    }

    private static func name(_ boundary: Int) -> String {
        boundary == 0
            ? "boundary 0 (embedding output)"
            : "boundary \(boundary) (output of layer \(boundary - 1))"
    }
}

extension LayerRows {
    /// The offset of the first NaN or infinity.
    var firstNonFinite: Int? {
        // A product with zero is zero for a finite number and NaN for the others, so that a sum
        // over a row tells whether a closer look is needed.
        let span = values.span
        for row in 0..<count {
            var probe: Float = 0
            for index in row * width..<(row + 1) * width { probe += span[index] * 0 }
            guard probe.isNaN else { continue }
            return (row * width..<(row + 1) * width).first { !span[$0].isFinite }
        }
        return nil
    }
}
