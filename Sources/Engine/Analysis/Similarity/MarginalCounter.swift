// Counting the points of one layer within a distance (maximum norm) of one of them, fast enough
// for the millions of counts a similarity matrix needs.

import TensorMath

/// Answers "how many points lie strictly nearer than r to point i", for a fixed set of points.
struct MarginalCounter: Sendable {
    /// Coordinate columns, each of `count` values.
    let columns: [[Double]]
    /// The first coordinate, ascending, and where each point stands in it.
    private let sorted: SortedValues
    private let rank: [Int]
    /// The points by first coordinate.
    let order: [Int]
    /// Points by first coordinate, seen in their second one; nil in one dimension.
    private let second: WaveletCounter?
    /// The points by first coordinate, all further coordinates, for three dimensions and more.
    private let further: [[Double]]
    /// The points by first coordinate for the kernels; nil where there are too many, or only one
    /// dimension, in which the ends of a run tell its count.
    private let block: AscendingPoints?

    /// Prepares the points whose coordinate columns are given.
    ///
    /// `guess` is an order of the points that is likely ascending by the first coordinate, which
    /// saves sorting them.
    init(columns: [[Double]], guess: [Int]? = nil) {
        precondition(!columns.isEmpty, "points have coordinates")
        precondition(columns.allSatisfy { $0.count == columns[0].count }, "columns agree")
        self.columns = columns
        let first = columns[0]
        let order = Self.ascending(first, guess: guess)
        self.order = order
        sorted = SortedValues(ascending: order.map { first[$0] })
        var rank = [Int](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { rank[index] = place }
        self.rank = rank
        second = columns.count == 2 ? WaveletCounter(order.map { columns[1][$0] }) : nil
        block =
            columns.count > 1 && order.count <= AscendingPoints.countMax
            ? AscendingPoints(columns: columns, order: order) : nil
        further =
            columns.count > 2 ? columns.dropFirst().map { column in order.map { column[$0] } } : []
    }

    var count: Int { rank.count }

    /// Points nearer than `radii[i]` to point i, for all of them; see `count(within:of:)`.
    func counts(within radii: [Double]) -> [Int] {
        guard let block else { return radii.indices.map { count(within: radii[$0], of: $0) } }
        var result = [Int](repeating: 0, count: count)
        for (place, found) in block.counts(within: order.map { radii[$0] }).enumerated() {
            result[order[place]] = Int(found)
        }
        return result
    }

    /// The values of the first coordinate, ascending.
    var ascendingFirst: [Double] { sorted.values }

    private static func ascending(_ values: [Double], guess: [Int]?) -> [Int] {
        if let guess, guess.count == values.count,
            zip(guess, guess.dropFirst()).allSatisfy({ values[$0] < values[$1] })
        {
            return guess
        }
        return values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    }

    /// Points j, `index` itself among them, with |x_i - x_j| < `radius` in every coordinate; for a
    /// radius of 0, those that are equal (as scikit-learn counts).
    func count(within radius: Double, of index: Int) -> Int {
        let place = rank[index]
        let run = sorted.neighbourhood(of: columns[0][index], within: radius)
        if let second {
            return second.count(within: radius, of: columns[1][index], positions: run)
        }
        guard !further.isEmpty else { return run.count }
        return run.reduce(into: 0) { total, position in
            let inside = further.allSatisfy { column in
                let distance = (column[position] - column[place]).magnitude
                return distance < radius || distance == 0
            }
            if inside { total += 1 }
        }
    }
}

/// An ascending sequence of n values that finds the run of those near a value, in constant expected
/// time where the values are spread evenly and O(log n) in any case.
private struct SortedValues: Sendable {
    let values: [Double]
    /// `starts[b]`: the first position whose value falls into bucket b or a later one.
    private let starts: [Int32]
    private let bucketsPerUnit: Double

    init(ascending values: [Double]) {
        self.values = values
        let extent = (values.last ?? 0) - (values.first ?? 0)
        let buckets = 2 * values.count
        let scale = extent > 0 ? Double(buckets) / extent : 0
        bucketsPerUnit = scale.isFinite ? scale : 0
        var starts: [Int32] = []
        starts.reserveCapacity(buckets + 2)
        for (position, value) in values.enumerated() {
            let bucket = Self.bucket(value - values[0], bucketsPerUnit, buckets)
            while starts.count <= bucket { starts.append(Int32(position)) }
        }
        while starts.count < buckets + 2 { starts.append(Int32(values.count)) }
        self.starts = starts
    }

    /// The positions whose distance to `centre` is below `radius`, or zero.
    ///
    /// The differences are computed as the distances were, so that rounding cannot make a point
    /// nearer here than there.
    func neighbourhood(of centre: Double, within radius: Double) -> Range<Int> {
        let low = firstPosition(near: centre - radius) { value in
            let distance = centre - value
            return distance < radius || distance <= 0
        }
        let high = firstPosition(near: centre + radius) { value in
            let distance = value - centre
            return !(distance < radius || distance <= 0)
        }
        return low..<high
    }

    /// The first position at which `isLate` holds, which turns true near `value` and stays so.
    @inline(__always)
    private func firstPosition(near value: Double, _ isLate: (Double) -> Bool) -> Int {
        let values = values.span
        let starts = starts.span
        guard values.count > 0 else { return 0 }
        let bucket = Self.bucket(value - values[0], bucketsPerUnit, starts.count - 2)
        var low = Int(starts[bucket])
        var high = Int(starts[bucket + 1])
        // Rounding may have chosen the next bucket: widen until the turn lies between.
        if low > 0, isLate(values[low - 1]) { (low, high) = (0, low - 1) }
        if high < values.count, !isLate(values[high]) { (low, high) = (high + 1, values.count) }
        while low < high {
            let middle = (low + high) / 2
            if isLate(values[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    @inline(__always)
    private static func bucket(_ offset: Double, _ scale: Double, _ count: Int) -> Int {
        Int(min(max(offset * scale, 0), Double(count)))
    }
}

/// Counts, in a fixed sequence of values, those within a distance of a value among a run of
/// positions: a wavelet matrix over the values' ranks, O(log n) a question.
private struct WaveletCounter: Sendable {
    private let sorted: SortedValues
    private let levels: Int
    private let count: Int
    /// Level l, position p: how many of the first p entries at this level have bit l clear.
    private let zerosBefore: [Int32]

    init(_ values: [Double]) {
        count = values.count
        let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        sorted = SortedValues(ascending: order.map { values[$0] })
        var ranks = [Int](repeating: 0, count: values.count)
        for (rank, position) in order.enumerated() { ranks[position] = rank }
        var levels = 1
        while 1 << levels < values.count + 1 { levels += 1 }
        self.levels = levels
        var table: [Int32] = []
        table.reserveCapacity(levels * (values.count + 1))
        for level in 0..<levels {
            let bit = levels - 1 - level
            var zeros: Int32 = 0
            for rank in ranks {
                table.append(zeros)
                if rank >> bit & 1 == 0 { zeros += 1 }
            }
            table.append(zeros)
            ranks = ranks.filter { $0 >> bit & 1 == 0 } + ranks.filter { $0 >> bit & 1 == 1 }
        }
        zerosBefore = table
    }

    func count(within radius: Double, of value: Double, positions: Range<Int>) -> Int {
        let ranks = sorted.neighbourhood(of: value, within: radius)
        return below(ranks.upperBound, positions) - below(ranks.lowerBound, positions)
    }

    /// How many entries at `positions` have a rank below `bound`.
    private func below(_ bound: Int, _ positions: Range<Int>) -> Int {
        let table = zerosBefore.span
        var (start, end) = (positions.lowerBound, positions.upperBound)
        var total = 0
        for level in 0..<levels {
            let base = level * (count + 1)
            let (zerosStart, zerosEnd) = (Int(table[base + start]), Int(table[base + end]))
            if bound >> (levels - 1 - level) & 1 == 1 {
                total += zerosEnd - zerosStart
                let zeros = Int(table[base + count])
                start += zeros - zerosStart
                end += zeros - zerosEnd
            } else {
                start = zerosStart
                end = zerosEnd
            }
        }
        return total
    }
}
