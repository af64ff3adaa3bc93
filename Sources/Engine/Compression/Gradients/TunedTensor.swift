// A tensor that moves down its gradient. A step of Adam is a share of the tensor's own root mean
// square, so that models of any width take the same rate.

import TensorMath

/// A tensor on its way, [rows, columns] as stored.
struct TunedTensor {
    let name: String
    let values: MatrixView
    private let adam: Adam
    /// Root mean square of the start.
    private let scale: Double

    /// Steps are few and the last ones small: a short memory of squares.
    private static let settings = AdamSettings(decays: (0.9, 0.99), epsilon: 1e-20)

    init(_ name: String, _ start: MatrixView) {
        self.name = name
        values = start
        adam = Adam(rows: start.rows, columns: start.columns, Self.settings)
        scale = (start.sumOfSquares / Double(max(1, start.rows * start.columns))).squareRoot()
    }

    /// - Parameter rate: the step's length as a share of the root mean square.
    func step(_ gradient: MatrixView, rate: Double, number: Int) {
        adam.step(values, gradient: gradient, rate: Float(rate * scale), number: number)
    }

    /// The next step is the first one again.
    func forget() { adam.forget() }
}
