// What comparing layers holds in memory, reckoned before it begins.

import TensorMath

/// How much a measure is given.
package struct BoundaryShape: Sendable {
    let layers: Double
    /// Rows at a boundary, and their width.
    let samples: Double
    let width: Double

    package init(layers: Int, samples: Int, width: Int) {
        (self.layers, self.samples) = (Double(layers), Double(samples))
        self.width = Double(width)
    }

    /// Bytes of one layer's rows in double.
    var layerDoubles: Double { 8 * samples * width }

    /// Bytes of the rows at all boundaries.
    private var allBytes: Double { 4 * samples * width * (layers + 1) }

    /// Bytes of rows that `LayerBoundaries` reads and holds, beside a boundary on its way in:
    /// packed and unpacked as it lies in the store, and its rows while they grow.
    package var heldByteCount: Int {
        Self.bytes(min(allBytes, Double(LayerBoundaries.bytesMax)) + 20 * samples * width)
    }

    /// Bytes of a block of samples at all boundaries; what is held is one already.
    var blockBytes: Double {
        allBytes <= Double(LayerBoundaries.bytesMax) ? 0 : Double(LayerBoundaries.bytesMax)
    }

    /// The nearest `Int`, of what no machine has far below its end: sums of some do not overflow.
    static func bytes(_ count: Double) -> Int { Int(min(count, 0x1p60)) }
}

extension SimilarityMeasure {
    /// Of averages over samples: a block of them, and a Gram matrix for each thread.
    package func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int {
        BoundaryShape.bytes(SampleAverages.bytes(shape))
    }
}

extension SampleAverages {
    /// Bytes held at most: a block of samples, sums for each part, and a sample's vectors and Gram
    /// matrix for each thread.
    static func bytes(_ shape: BoundaryShape) -> Double {
        let boundaries = shape.layers + 1
        return shape.blockBytes + 16 * Double(parts) * boundaries * boundaries
            + Double(Parallel.threadCount) * 8 * boundaries * (3 * shape.width + boundaries)
    }
}
