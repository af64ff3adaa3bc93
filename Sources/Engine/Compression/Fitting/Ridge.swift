// How far a least squares is pulled to the weights it starts from: as told, or as far as tokens
// want it that it has not seen.

import TensorMath

/// The lambda of `LeastSquares`, a share of the mean diagonal of the Gram matrix.
enum Ridge: Sendable, Equatable {
    case share(Double)
    /// The one of `candidates` whose weights, fitted to the other waves, are nearest to the target
    /// on every fourth.
    case validated

    static let candidates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1]
    /// Where there is nothing to choose by.
    static let unvalidated = 0.1

    /// Whether a wave is one to choose by.
    func part(ofWave index: Int, of count: Int) -> GramAccumulator.Part {
        guard self == .validated, count > 1 else { return .fitted }
        let isLast = count < 4 && index == count - 1
        return index % 4 == 3 || isLast ? .validation : .fitted
    }

    /// - Parameters:
    ///   - sums: of all waves, whose parts are `part`'s.
    ///   - start: W0, [features, targets].
    func share(of sums: GramAccumulator, start: DoubleMatrix) -> Double {
        switch self {
        case .share(let share): return share
        case .validated:
            guard sums.validates else { return Self.unvalidated }
            let mean = sums.meanDiagonal
            let errors = sums.validationErrors(
                ridges: Self.candidates.map { $0 * mean }, start: start)
            let best = errors.indices.min { errors[$0] < errors[$1] } ?? 0
            return errors[best].isFinite ? Self.candidates[best] : Self.unvalidated
        }
    }
}
