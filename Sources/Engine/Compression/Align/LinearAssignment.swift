// The linear assignment problem, exactly: Jonker and Volgenant 1987 ("A shortest augmenting path
// algorithm for dense and sparse linear assignment problems", Computing 38), for dense costs.
//
// Column reduction, reduction transfer, two rounds of augmenting row reduction, then a shortest
// augmenting path for each row that is left. Costs are floats, dual prices doubles, so that sums
// of reductions do not lose what tells two assignments apart.

import Model
import TensorMath

/// The order of units in which two layers match best, from costs [n, n].
enum LinearAssignment {
    /// Rows at most: the cost matrix of so many takes 1 GiB.
    static let sizeMax = 16_384

    /// The column of each row in an assignment of least total cost; O(n^3) at worst, memory
    /// beyond the costs O(n).
    ///
    /// - Parameters:
    ///   - costs: [n, n], without gaps between rows; finite.
    ///   - detail: the place of the work, for the observer.
    /// - Throws: `AlignError.notFinite`.
    static func solve(
        _ costs: MatrixView, detail: String = "", observer: some WorkObserver
    ) throws -> [Int] {
        precondition(costs.rows == costs.columns, "costs of a square assignment")
        precondition(costs.rows <= sizeMax, "callers refuse more units")
        guard costs.rows > 0 else { return [] }
        return try costs.withContiguousValues { values in
            var solver = AssignmentSolver(size: costs.rows)
            try solver.checkFinite(values)
            try observer.checkpoint()
            solver.reduceColumns(values)
            for _ in 0..<2 { solver.reduceRows(values) }
            let free = solver.free
            for (index, row) in free.enumerated() {
                if index % 16 == 0 { try observer.checkpoint() }
                solver.augment(row, values)
                observer.progress(
                    done: costs.rows - free.count + index + 1, total: costs.rows,
                    unit: "units assigned", detail: detail)
            }
            return solver.columnOfRow
        }
    }

    /// The sum of the costs of an assignment.
    static func total(_ costs: MatrixView, _ columns: [Int]) -> Double {
        columns.enumerated().reduce(0) { $0 + Double(costs[$1.offset, $1.element]) }
    }
}

/// The state between the phases, n values each; -1 stands for no partner.
private struct AssignmentSolver {
    private let size: Int
    private(set) var columnOfRow: [Int]
    private(set) var free: [Int] = []
    private var rowOfColumn: [Int]
    /// Dual price of each column.
    private var price: [Double]
    // Of the search for a path:
    private var distance: [Double]
    private var previous: [Int]
    private var columns: [Int]

    init(size: Int) {
        self.size = size
        columnOfRow = Array(repeating: -1, count: size)
        rowOfColumn = columnOfRow
        previous = columnOfRow
        price = Array(repeating: 0, count: size)
        distance = price
        columns = Array(0..<size)
    }

    func checkFinite(_ costs: Span<Float>) throws(AlignError) {
        for index in costs.indices where !costs[index].isFinite { throw .notFinite }
    }

    /// Prices each column at its least cost, and gives it to that row if the row has none yet.
    mutating func reduceColumns(_ costs: Span<Float>) {
        var least = [Int](repeating: 0, count: size)
        for column in 0..<size { price[column] = Double(costs[column]) }
        for row in 1..<max(1, size) {
            for column in 0..<size {
                let cost = Double(costs[row * size + column])
                if cost < price[column] {
                    price[column] = cost
                    least[column] = row
                }
            }
        }
        var wins = [Int](repeating: 0, count: size)
        for column in (0..<size).reversed() {
            let row = least[column]
            wins[row] += 1
            if wins[row] == 1 {
                columnOfRow[row] = column
                rowOfColumn[column] = row
            }
        }
        for row in 0..<size {
            if wins[row] == 0 { free.append(row) }
            // A row with one column only passes its slack on, so that others want that column less.
            guard wins[row] == 1, size > 1 else { continue }
            let own = columnOfRow[row]
            var slack = Double.infinity
            for column in 0..<size where column != own {
                slack = min(slack, Double(costs[row * size + column]) - price[column])
            }
            price[own] -= slack - (Double(costs[row * size + own]) - price[own])
        }
    }

    /// Each free row takes its best column and lowers that price to the second best; whoever had
    /// the column is free instead.
    mutating func reduceRows(_ costs: Span<Float>) {
        var queue = free
        var left: [Int] = []
        var next = 0
        // Rounding could let two rows outbid each other for ever.
        var bids = 8 * size
        while next < queue.count {
            let row = queue[next]
            next += 1
            let (best, second) = twoBest(row, costs)
            var column = best.column
            var owner = rowOfColumn[column]
            let lowered = price[column] - (second.value - best.value)
            let lowers = lowered < price[column]
            if lowers {
                price[column] = lowered
            } else if owner >= 0 {
                column = second.column
                owner = rowOfColumn[column]
            }
            columnOfRow[row] = column
            rowOfColumn[column] = row
            guard owner >= 0 else { continue }
            columnOfRow[owner] = -1
            if lowers, bids > 0 {
                bids -= 1
                next -= 1
                queue[next] = owner
            } else {
                left.append(owner)
            }
        }
        free = left
    }

    /// The two columns of least reduced cost; of one column twice where there is only one.
    private func twoBest(
        _ row: Int, _ costs: Span<Float>
    ) -> (best: (column: Int, value: Double), second: (column: Int, value: Double)) {
        let line = costs.extracting(row * size..<(row + 1) * size)
        var best = (column: 0, value: Double(line[0]) - price[0])
        var second = (column: 0, value: size > 1 ? Double.infinity : best.value)
        for column in 1..<max(1, size) {
            let value = Double(line[column]) - price[column]
            guard value < second.value else { continue }
            if value < best.value {
                second = best
                best = (column, value)
            } else {
                second = (column, value)
            }
        }
        return (best, second)
    }

    /// Dijkstra from a free row to the nearest free column; prices are updated, and the path's
    /// pairs exchanged.
    mutating func augment(_ start: Int, _ costs: Span<Float>) {
        for column in 0..<size {
            distance[column] = Double(costs[start * size + column]) - price[column]
            previous[column] = start
            columns[column] = column
        }
        // columns[..<low] are final, columns[low..<high] are at `least`, the others farther.
        var low = 0
        var high = 0
        var settled = 0
        var least = 0.0
        var end = -1
        while end < 0 {
            if low == high {
                settled = low
                least = nextLevel(low, &high)
                end = columns[low..<high].first { rowOfColumn[$0] < 0 } ?? -1
                if end >= 0 { break }
            }
            let through = columns[low]
            low += 1
            let row = rowOfColumn[through]
            let line = costs.extracting(row * size..<(row + 1) * size)
            let base = Double(line[through]) - price[through] - least
            for place in high..<size {
                let column = columns[place]
                let length = Double(line[column]) - price[column] - base
                guard length < distance[column] else { continue }
                distance[column] = length
                previous[column] = row
                guard length <= least else { continue }
                if rowOfColumn[column] < 0 {
                    end = column
                    break
                }
                columns.swapAt(place, high)
                high += 1
            }
        }
        for column in columns[..<settled] { price[column] += distance[column] - least }
        while true {
            let row = previous[end]
            rowOfColumn[end] = row
            swap(&end, &columnOfRow[row])
            if row == start { return }
        }
    }

    /// Moves the columns at the least distance to `columns[low..<high]`, and returns it.
    private mutating func nextLevel(_ low: Int, _ high: inout Int) -> Double {
        var least = distance[columns[low]]
        high = low + 1
        for place in high..<max(high, size) {
            let column = columns[place]
            guard distance[column] <= least else { continue }
            if distance[column] < least {
                least = distance[column]
                high = low
            }
            columns.swapAt(place, high)
            high += 1
        }
        return least
    }
}
