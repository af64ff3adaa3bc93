// The rows at all boundaries of a model, read when they are asked for: together they can be larger
// than the memory there is.

/// What a measure compares: boundary 0 is the embedding output, boundary `l + 1` the output of
/// layer `l`, all of one shape.
///
/// Rows are held up to a limit, so that the usual set, which is smaller, is read once however often
/// a measure looks at it. What is beyond the limit is read again each time. No measure looks at
/// pairs of boundaries: each goes over the boundaries one by one, or over blocks of samples
/// (`forEachBlock`), so that a set of n limits is read about n times, and never once for every
/// pair; where samples are compared with samples, over pairs of blocks, some n² / 2 times. One
/// thread at a time uses it.
package final class LayerBoundaries {
    /// Layers and one.
    package let count: Int
    private let bytesMax: Int
    private let holds: Bool
    /// The rows of a boundary, [samples, width].
    private let read: (Int) throws -> LayerRows
    private var held: [Int: LayerRows] = [:]
    private var heldBytes = 0

    /// Bytes of rows that are held, and that a block of samples may have beside them: 1 GiB, which
    /// is 8,000 samples at 33 boundaries of a width of 1,024.
    package static let bytesMax = 1 << 30

    /// - Parameters:
    ///   - count: number of boundaries.
    ///   - holds: false where reading costs nothing.
    ///   - read: gives the rows at a boundary.
    package init(
        count: Int, bytesMax: Int = LayerBoundaries.bytesMax, holds: Bool = true,
        read: @escaping (Int) throws -> LayerRows
    ) {
        self.count = count
        self.bytesMax = bytesMax
        self.holds = holds
        self.read = read
    }

    /// Rows that are in memory already.
    package convenience init(_ rows: [LayerRows]) {
        self.init(count: rows.count, holds: false) { rows[$0] }
    }

    package func rows(_ boundary: Int) throws -> LayerRows {
        precondition(boundary >= 0 && boundary < count, "boundary \(boundary) of \(count)")
        if let rows = held[boundary] { return rows }
        let rows = try read(boundary)
        let bytes = 4 * rows.values.count
        if holds, heldBytes + bytes <= bytesMax {
            held[boundary] = rows
            heldBytes += bytes
        }
        return rows
    }

    /// The layers' outputs: all boundaries but the first.
    func dropFirst() -> LayerBoundaries {
        LayerBoundaries(count: count - 1, bytesMax: bytesMax, holds: false) {
            try self.rows($0 + 1)
        }
    }

    /// The same boundaries with some of the samples.
    package func rows(in samples: [Range<Int>]) -> LayerBoundaries {
        LayerBoundaries(count: count, bytesMax: bytesMax, holds: false) {
            try self.rows($0).rows(in: samples)
        }
    }

    /// Goes over blocks of samples in order, with the block's rows at every boundary; all samples
    /// are one block where they fit into the limit.
    ///
    /// - Parameter multiple: the number of a block's samples is one of it, but for the last block.
    func forEachBlock(
        ofMultiple multiple: Int, _ body: (_ block: [LayerRows]) throws -> Void
    ) throws {
        for samples in try blocks(ofMultiple: multiple) { try body(try block(samples)) }
    }

    /// The samples in such blocks.
    func blocks(ofMultiple multiple: Int) throws -> [Range<Int>] {
        let first = try rows(0)
        let fitting = bytesMax / max(1, 4 * first.width * count)
        let size = max(multiple, fitting / multiple * multiple)
        return stride(from: 0, to: first.count, by: size).map {
            $0..<min($0 + size, first.count)
        }
    }

    /// The rows of some samples at every boundary.
    func block(_ samples: Range<Int>) throws -> [LayerRows] {
        try (0..<count).map { boundary in
            let rows = try rows(boundary)
            return samples.count == rows.count ? rows : rows.rows(in: [samples])
        }
    }
}

extension LayerBoundaries {
    /// Reads every boundary once, checks it as `validate` does, and lends it. Nothing is held.
    func forEachOnce(
        samplesMin: Int, reason: String, _ body: (_ boundary: Int, LayerRows) throws -> Void
    ) throws {
        var check = ShapeCheck(boundaries: count, samplesMin: samplesMin, reason: reason)
        try check.begin()
        for boundary in 0..<count {
            let rows = try read(boundary)
            try check.take(rows, boundary)
            try body(boundary, rows)
        }
    }

    /// Checks that there are at least two boundaries of one shape, with `samplesMin` samples and
    /// only finite numbers; names the first fault in order of boundary, sample, column.
    ///
    /// - Returns: the shape.
    @discardableResult
    func validate(samplesMin: Int, reason: String) throws -> (samples: Int, width: Int) {
        var check = ShapeCheck(boundaries: count, samplesMin: samplesMin, reason: reason)
        try check.begin()
        for boundary in 0..<count { try check.take(try rows(boundary), boundary) }
        return check.shape ?? (0, 0)
    }
}

/// Whether boundaries, one after the other, can be compared.
private struct ShapeCheck {
    let boundaries: Int
    let samplesMin: Int
    let reason: String
    /// Of boundary 0.
    private(set) var shape: (samples: Int, width: Int)?

    init(boundaries: Int, samplesMin: Int, reason: String) {
        self.boundaries = boundaries
        self.samplesMin = samplesMin
        self.reason = reason
    }

    func begin() throws(AnalysisError) {
        guard boundaries >= 2 else { throw .tooFewBoundaries(found: boundaries) }
    }

    mutating func take(_ rows: LayerRows, _ boundary: Int) throws(AnalysisError) {
        if let shape {
            guard rows.count == shape.samples, rows.width == shape.width else {
                throw .shapesDiffer(
                    boundary: boundary, count: rows.count, width: rows.width,
                    expectedCount: shape.samples, expectedWidth: shape.width)
            }
        } else {
            guard rows.count >= samplesMin else {
                throw .tooFewSamples(found: rows.count, needed: samplesMin, reason: reason)
            }
            guard rows.width > 0 else {
                throw .parameterOutOfRange(name: "width", value: "0", expected: "at least 1")
            }
            shape = (rows.count, rows.width)
        }
        if let place = rows.firstNonFinite {
            throw .notFinite(
                boundary: boundary, sample: place / rows.width, column: place % rows.width)
        }
    }
}
