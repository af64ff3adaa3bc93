// What a computation has to do, counted before it begins.

/// Counts to be held against how fast a machine is.
package struct Work: Sendable, Equatable, Codable {
    /// Multiplications and additions of products and least squares.
    package var operations: Double
    /// Bytes read to be hashed.
    package var read: Double
    /// Bytes packed and written, before they are made smaller.
    package var written: Double

    package init(operations: Double = 0, read: Double = 0, written: Double = 0) {
        self.operations = operations
        self.read = read
        self.written = written
    }

    package static let none = Work()

    package static func + (left: Work, right: Work) -> Work {
        Work(
            operations: left.operations + right.operations, read: left.read + right.read,
            written: left.written + right.written)
    }
}
