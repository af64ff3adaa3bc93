// What the least squares and the tuning of one layer get from the fold of the whole model.

import Model
import TensorMath

/// What a part of a fold works on: the stream it gets, and the one it shall make, [tokens, hidden]
/// each.
struct FoldTask {
    let waves: [ForwardPass.Wave]
    let stream: MatrixView
    let target: MatrixView
    /// Reads the original's weights, redirected ones in place of their own.
    let context: BlockContext
    let work: FoldWork
    /// Says how far the part is, and what was done since it was last said; throws to stop the work.
    let tell: (_ words: String, _ operations: Double) throws -> Void

    /// Sums Z'Z and Z'(target - stream - bias) over all waves, as `goal` bends them.
    /// - Parameters:
    ///   - operations: that it takes.
    ///   - own: the branch as the fit begins, of Z; asked for where a norm follows.
    func accumulate(
        features: Int, bias: MatrixView?, goal: BranchGoal, ridge: Ridge, operations: Double,
        _ compute: (_ wave: ForwardPass.Wave, _ stream: MatrixView) throws -> MatrixView,
        own: (_ features: MatrixView) throws -> MatrixView
    ) throws -> GramAccumulator {
        var sums = GramAccumulator(features: features, targets: stream.columns)
        for (index, wave) in waves.enumerated() {
            let input = stream.rows(wave.tokens)
            let wanted = context.scratch.copy(target.rows(wave.tokens))
            wanted.subtract(input)
            let computed = try compute(wave, input)
            goal.bend(
                wanted, computed, own: goal.hasNorm ? try own(computed) : nil, bias: bias)
            try sums.add(
                features: computed, targets: wanted,
                to: ridge.part(ofWave: index, of: waves.count), by: context.product)
            try tell(
                "\(wave.tokens.upperBound) of \(stream.rows) tokens",
                operations * Double(input.rows) / Double(stream.rows))
        }
        return sums
    }

    func share(of wave: ForwardPass.Wave) -> Double {
        Double(wave.tokens.count) / Double(max(1, stream.rows))
    }

    /// Hears how many of all `units` a selection has removed; the inverse is there when the first
    /// goes.
    func removals(
        of units: String, _ work: FoldWork.Selection
    ) -> (_ gone: Int, _ of: Int) throws -> Void {
        var told = 0
        return { gone, all in
            let inversion = told == 0 && gone > 0 ? work.inversion : 0
            let share = Double(gone - told) / Double(max(1, all))
            told = gone
            try tell("\(gone) of \(all) \(units) removed", inversion + share * work.removal)
        }
    }
}
