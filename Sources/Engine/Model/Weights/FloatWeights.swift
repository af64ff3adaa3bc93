// Weights that change while they are read, over a checkpoint's own, in f32 unless asked otherwise:
// a small change of a weight is a small change of the model.

package import TensorMath

/// A source whose tensors can be set again and again.
package final class FloatWeights: WeightSource {
    private let base: any WeightSource
    /// By full names, [rows, columns] as stored.
    private var changed: [String: WeightMatrix] = [:]

    package init(_ base: any WeightSource) { self.base = base }

    /// The matrix is copied, rounded to a format where one is given.
    package func set(_ name: String, _ matrix: MatrixView, as format: FloatFormat = .f32) {
        changed[name] = WeightMatrix(matrix, as: format)
    }

    package func weight(_ name: String) throws -> WeightMatrix {
        try changed[name] ?? base.weight(name)
    }

    package func prefetch(_ names: [String]) { base.prefetch(names.filter { changed[$0] == nil }) }

    package func release(_ names: [String]) { base.release(names.filter { changed[$0] == nil }) }
}
