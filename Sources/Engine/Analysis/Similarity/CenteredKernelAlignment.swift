// `cka`: linear centred kernel alignment (Kornblith et al. 2019, arXiv 1905.00414), and its
// unbiased estimate (Song et al. 2012; Nguyen et al. 2021, arXiv 2010.15327).

import TensorMath

/// S_ij = <K_i, K_j> / (|K_i| |K_j|): K_l the centred Gram matrix of the samples' outputs of layer
/// l. Invariant to rotations and to one factor per layer. `unbiased` replaces centring by
/// U-centring (zero diagonal), which takes out the similarity that few samples in many columns
/// have by chance.
struct CenteredKernelAlignment: SimilarityMeasure {
    let name = "cka"
    let summary = "linear centred kernel alignment of the layers' outputs"
    let source = "Kornblith et al., arXiv 1905.00414; unbiased: arXiv 2010.15327"
    let range = "0 to 1, the diagonal 1; unbiased: may fall slightly below 0"
    let version = 2
    let parameterNames = ["unbiased"]
    /// Samples on a side of the tiles that kernels are made in.
    var tileSide = 512

    /// Two blocks of samples, a tile of all layers' kernels and what makes it, and what centres
    /// the layers.
    func peakByteCount(_ shape: BoundaryShape, _ parameters: SimilarityParameters) -> Int {
        let side = min(Double(tileSide), shape.samples)
        let tile = 8 * side * side * (shape.layers + 2) + 16 * side * shape.width
        let centres = 8 * shape.layers * (shape.samples + shape.width)
        let packing = Double(DoubleMatrix.packingByteCount(columns: Int(shape.width)))
        return BoundaryShape.bytes(2 * shape.blockBytes + tile + centres + packing)
    }

    func similarity(
        of boundaries: LayerBoundaries, parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        let shape = try boundaries.validate(
            samplesMin: parameters.unbiased ? 4 : 2,
            reason: parameters.unbiased ? "unbiased cka" : name)
        let inner = try innerProducts(
            boundaries.dropFirst(), count: shape.samples, unbiased: parameters.unbiased)
        let size = inner.rows
        let warnings = (0..<size).filter { inner[$0, $0] <= 0 }.map {
            "layer \($0): its outputs do not vary over the samples; its similarities are set to 0"
        }
        let values = (0..<size * size).map { place -> Double in
            let (row, column) = (place / size, place % size)
            guard row != column else { return 1 }
            guard inner[row, row] > 0, inner[column, column] > 0 else { return 0 }
            return inner[row, column]
                / (inner[row, row].squareRoot() * inner[column, column].squareRoot())
        }
        return SimilarityMatrix(size: size, values: values, warnings: warnings)
    }

    /// <K_i, K_j> for all layers, `[L, L]`.
    ///
    /// The kernels are made tile by tile, each for all layers at once, so that memory is bounded;
    /// they are symmetric, so that tiles on one side of the diagonal count twice. Each column of
    /// tiles has a sum of its own, which makes the result the same whatever blocks are read.
    /// - Parameter count: of samples.
    private func innerProducts(
        _ layers: LayerBoundaries, count: Int, unbiased: Bool
    ) throws -> DoubleMatrix {
        let kernels = Kernels(
            centres: try (0..<layers.count).map { Centre(try layers.rows($0)) }, count: count,
            unbiased: unbiased)
        var total = DoubleMatrix(rows: layers.count, columns: layers.count)
        let blocks = try layers.blocks(ofMultiple: tileSide)
        for (place, block) in blocks.enumerated() {
            let columns = try layers.block(block)
            let tiles = tiles(of: block)
            var sums = tiles.map { _ in DoubleMatrix(rows: layers.count, columns: layers.count) }
            for other in blocks[...place] {
                let rows = other == block ? columns : try layers.block(other)
                for (index, tile) in tiles.enumerated() {
                    for above in self.tiles(of: other) where above.lowerBound <= tile.lowerBound {
                        if above == tile { sums[index].scale(by: 2) }
                        sums[index].addGram(
                            ofRows: kernels.tile(
                                Part(block: rows, start: other.lowerBound, samples: above),
                                Part(block: columns, start: block.lowerBound, samples: tile)))
                    }
                }
            }
            for sum in sums { total.add(sum) }
        }
        total.mirrorUpperTriangle()
        return total
    }

    private func tiles(of block: Range<Int>) -> [Range<Int>] {
        stride(from: block.lowerBound, to: block.upperBound, by: tileSide).map {
            $0..<min($0 + tileSide, block.upperBound)
        }
    }
}

/// What centring a layer takes.
private struct Centre {
    /// Of the columns, [width].
    let means: [Double]
    /// Of the centred rows, [samples].
    let squares: [Double]
    let squareSum: Double

    init(_ rows: LayerRows) {
        let means = rows.columnMeans()
        let span = rows.values.span
        var squares: [Double] = []
        for row in 0..<rows.count {
            var square = 0.0
            for column in 0..<rows.width {
                let value = Double(span[row * rows.width + column]) - means[column]
                square += value * value
            }
            squares.append(square)
        }
        self.means = means
        self.squares = squares
        squareSum = squares.reduce(0, +)
    }
}

/// Some samples of a block that begins at sample `start`.
private struct Part {
    let block: [LayerRows]
    let start: Int
    let samples: Range<Int>

    /// Their rows of a layer without the columns' means, [samples, width].
    func centred(_ layer: Int, means: [Double]) -> DoubleMatrix {
        let rows = block[layer]
        var centred = [Double](repeating: 0, count: samples.count * rows.width)
        let first = (samples.lowerBound - start) * rows.width
        let span = rows.values.span
        let shift = means.span
        var target = centred.mutableSpan
        for row in 0..<samples.count {
            for column in 0..<rows.width {
                let place = row * rows.width + column
                target[place] = Double(span[first + place]) - shift[column]
            }
        }
        return DoubleMatrix(rows: samples.count, columns: rows.width, values: centred)
    }
}

/// The (U-)centred kernels of all layers.
private struct Kernels {
    let centres: [Centre]
    /// Of samples.
    let count: Int
    let unbiased: Bool

    /// The entries of a tile, [layers, rows * columns].
    func tile(_ rows: Part, _ columns: Part) -> DoubleMatrix {
        let size = rows.samples.count * columns.samples.count
        var entries: [Double] = []
        entries.reserveCapacity(centres.count * size)
        for (layer, centre) in centres.enumerated() {
            let left = rows.centred(layer, means: centre.means)
            let right =
                rows.samples == columns.samples
                ? left : columns.centred(layer, means: centre.means)
            let kernel = DoubleMatrix.product(left, right, transposingRight: true).values
            guard unbiased else {
                entries += kernel
                continue
            }
            // The rows of a centred kernel add up to zero, so its sums without the diagonal are
            // minus the diagonal, and U-centring needs no more than that.
            let n = Double(count)
            let total = centre.squareSum / ((n - 1) * (n - 2))
            for row in rows.samples {
                for column in columns.samples {
                    let place =
                        (row - rows.samples.lowerBound) * columns.samples.count + column
                        - columns.samples.lowerBound
                    entries.append(
                        row == column
                            ? 0
                            : kernel[place] + (centre.squares[row] + centre.squares[column])
                                / (n - 2) - total)
                }
            }
        }
        return DoubleMatrix(rows: centres.count, columns: size, values: entries)
    }
}
