// Scratch that is used over and over: fresh memory costs page faults and zeroing, in a forward pass
// of large waves about 8 % of its time.

/// Lends matrices that come back by themselves, once nobody holds a view of them. For one thread of
/// control; the views may be written by parallel loops.
package final class MatrixPool {
    private var buffers = BufferPool<FloatBuffer>(count: \.count) { FloatBuffer(count: $0) }

    package init() {}

    /// Floats of all buffers, lent or not.
    package var floatCount: Int { buffers.totalCount }

    /// A matrix [rows, columns] without gaps that holds whatever its last user left: every value
    /// is to be written before it is read.
    package func matrix(rows: Int, columns: Int) -> MatrixView {
        MatrixView(
            storage: buffers.buffer(count: rows * columns), offset: 0, rows: rows,
            columns: columns, stride: columns)
    }

    /// The same values in a matrix of the pool.
    package func copy(_ matrix: MatrixView) -> MatrixView {
        let result = self.matrix(rows: matrix.rows, columns: matrix.columns)
        result.assign(matrix)
        return result
    }

    /// A matrix of zeros.
    package func zeros(rows: Int, columns: Int) -> MatrixView {
        let result = matrix(rows: rows, columns: columns)
        result.fill(0)
        return result
    }
}

/// Buffers of one kind; one is free once the pool alone holds it.
struct BufferPool<Buffer: AnyObject> {
    private var buffers: [Buffer] = []
    private let count: (Buffer) -> Int
    private let make: (Int) -> Buffer

    init(count: @escaping (Buffer) -> Int, make: @escaping (Int) -> Buffer) {
        self.count = count
        self.make = make
    }

    var totalCount: Int { buffers.reduce(0) { $0 + count($1) } }

    /// The smallest free buffer that is large enough. Where none is, the largest free one is
    /// replaced, so that the pool never holds more buffers than were lent at once.
    mutating func buffer(count wanted: Int) -> Buffer {
        var fitting: Int?
        var largest: Int?
        for index in buffers.indices where isKnownUniquelyReferenced(&buffers[index]) {
            let size = count(buffers[index])
            if size >= wanted, fitting.map({ size < count(buffers[$0]) }) ?? true {
                fitting = index
            }
            if largest.map({ size > count(buffers[$0]) }) ?? true { largest = index }
        }
        if let fitting { return buffers[fitting] }
        if let largest { buffers.remove(at: largest) }
        let made = make(wanted)
        buffers.append(made)
        return made
    }
}
