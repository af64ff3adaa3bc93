// The sequences that a model is quantised on, in waves: those that sums are made of, and those that
// are held back to tell what generalises.

import Model
import TensorMath

struct CalibrationWaves {
    /// Fitted sequences, then those held back.
    let batch: PackedSequences
    let fitted: [ForwardPass.Wave]
    let held: [ForwardPass.Wave]

    /// Of so many sequences one is held back.
    static let heldShare = 8

    /// - Parameter holdsBack: every eighth sequence, or of fewer the last; a single one never.
    init(
        _ sequences: PackedSequences, holdsBack: Bool, waveTokens: Int, blueprint: ModelBlueprint
    ) throws {
        let count = sequences.ranges.count
        let held =
            !holdsBack || count < 2
            ? []
            : count < Self.heldShare
                ? [count - 1]
                : Array(stride(from: Self.heldShare - 1, to: count, by: Self.heldShare))
        let isHeld = Set(held)
        func tokens(_ indices: [Int]) -> [[Int32]] {
            indices.map { Array(sequences.tokens[sequences.ranges[$0]]) }
        }
        let kept = (0..<count).filter { !isHeld.contains($0) }
        let batch = PackedSequences(tokens(kept) + tokens(held))
        func waves(_ indices: [Int], from start: Int) throws -> [ForwardPass.Wave] {
            try PackedSequences(tokens(indices)).waves(limit: waveTokens).map {
                try ForwardPass.Wave(
                    $0.lowerBound + start..<$0.upperBound + start, batch, blueprint)
            }
        }
        self.batch = batch
        fitted = try waves(kept, from: 0)
        self.held = try waves(held, from: kept.count)
    }

    var all: [ForwardPass.Wave] { fitted + held }

    /// Some of the fitted waves, evenly spread.
    func spread(_ wanted: Int) -> [ForwardPass.Wave] {
        let count = min(wanted, fitted.count)
        return (0..<count).map { fitted[$0 * fitted.count / count] }
    }
}
