// Scratch matrices that are used over and over: fresh memory costs page faults and zeroing, in a
// forward pass of large waves about 8 % of its time.

/// Lends buffers that come back by themselves, once nobody holds a view of them. For one thread of
/// control; the views may be written by parallel loops.
package final class MatrixPool {
    private var buffers: [FloatBuffer] = []

    package init() {}

    /// Floats of all buffers, lent or not.
    package var floatCount: Int { buffers.reduce(0) { $0 + $1.count } }

    /// A matrix [rows, columns] without gaps that holds whatever its last user left: every value
    /// is to be written before it is read.
    package func matrix(rows: Int, columns: Int) -> MatrixView {
        MatrixView(
            storage: buffer(count: rows * columns), offset: 0, rows: rows, columns: columns,
            stride: columns)
    }

    /// The smallest free buffer that is large enough. Where none is, the largest free one is
    /// replaced, so that the pool never holds more buffers than were lent at once.
    private func buffer(count: Int) -> FloatBuffer {
        var fitting: Int?
        var largest: Int?
        for index in buffers.indices where isKnownUniquelyReferenced(&buffers[index]) {
            let size = buffers[index].count
            if size >= count, fitting.map({ size < buffers[$0].count }) ?? true {
                fitting = index
            }
            if largest.map({ size > buffers[$0].count }) ?? true { largest = index }
        }
        if let fitting { return buffers[fitting] }
        if let largest { buffers.remove(at: largest) }
        let made = FloatBuffer(count: count)
        buffers.append(made)
        return made
    }
}
