// Assignments against scipy's totals (Scripts/make_assignment_goldens.py) and brute force.

import Foundation
import Model
import TensorMath
import TestSupport
import Testing

@testable import Compression

@Suite struct AssignmentTests {
    struct Case: Decodable, CustomTestStringConvertible {
        let kind: String
        let size: Int
        let seed: UInt64
        let total: Double
        var testDescription: String { "\(kind), \(size), seed \(seed)" }

        /// As the script makes them.
        var costs: MatrixView {
            var generator = SeededGenerator(seed: seed)
            return MatrixView(
                rows: size, columns: size,
                values: (0..<size * size).map { index in
                    let (row, column) = (index / size, index % size)
                    let uniform = generator.uniform()
                    switch kind {
                    case "uniform": return Float(uniform - 0.5)
                    case "ties": return Float((4 * uniform).rounded(.down))
                    case "constant": return 0.75
                    case "product": return Float((row + 1) * (column + 1))
                    default:
                        return Float(
                            (uniform - 0.5) * (row % 7 == 0 ? 1000 : 1)
                                + (column % 5 == 0 ? -300 : 0))
                    }
                })
        }
    }

    static let cases: [Case] = {
        let file = Places.fixtures.appending(path: "align/assignment.json")
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
    }()

    @Test("the golden cases are there")
    func goldens() { #expect(Self.cases.count > 150) }

    @Test("the total cost is scipy's, and the assignment a permutation", arguments: cases)
    func scipy(_ golden: Case) throws {
        let costs = golden.costs
        let columns = try LinearAssignment.solve(costs, observer: SilentObserver())
        #expect(columns.sorted() == Array(0..<golden.size))
        // The same floats summed in double, in another order.
        let bound = 1e-12 * Double(golden.size) * max(1, abs(golden.total))
        #expect(abs(LinearAssignment.total(costs, columns) - golden.total) <= bound)
    }

    @Test("no permutation of up to six is cheaper", arguments: 1...6)
    func bruteForce(size: Int) throws {
        func permutations(_ rest: [Int]) -> [[Int]] {
            rest.isEmpty
                ? [[]]
                : rest.flatMap { first in
                    permutations(rest.filter { $0 != first }).map { [first] + $0 }
                }
        }
        let all = permutations(Array(0..<size))
        for seed in UInt64(1)...40 {
            let costs = Case(
                kind: seed % 2 == 0 ? "ties" : "uniform", size: size, seed: seed, total: 0
            ).costs
            let found = LinearAssignment.total(
                costs, try LinearAssignment.solve(costs, observer: SilentObserver()))
            let least = all.map { LinearAssignment.total(costs, $0) }.min() ?? .nan
            #expect(abs(found - least) < 1e-12, "seed \(seed)")
        }
    }

    @Test("a permuted identity is found again")
    func recovers() throws {
        var generator = SeededGenerator(seed: 5)
        let order = Array(0..<300).shuffled(using: &generator)
        let costs = MatrixView(rows: 300, columns: 300)
        for (row, column) in order.enumerated() { costs[row, column] = -1 }
        #expect(try LinearAssignment.solve(costs, observer: SilentObserver()) == order)
    }

    @Test(
        "as many units as fit are assigned: noisy copies of 16,384 neurons find their originals",
        .enabled(
            if: ProcessInfo.processInfo.environment["LAYERFOLD_LARGE_TESTS"] == "1",
            "takes minutes and 1.1 GiB; set LAYERFOLD_LARGE_TESTS=1"),
        arguments: [1024, 4096, LinearAssignment.sizeMax])
    func large(size: Int) throws {
        var generator = SeededGenerator(seed: 9)
        func noise() -> Float { Float(generator.uniform() + generator.uniform() - 1) }
        let width = 64
        let originals = MatrixView(
            rows: size, columns: width, values: (0..<size * width).map { _ in noise() })
        let order = Array(0..<size).shuffled(using: &generator)
        let copies = MatrixView(rows: size, columns: width)
        for (place, unit) in order.enumerated() {
            for column in 0..<width {
                copies[place, column] = originals[unit, column] + 0.7 * noise()
            }
        }
        let costs = MatrixView(rows: size, columns: size)
        costs.assignProduct(copies, originals, transposingRight: true, scale: -1)
        let found = try LinearAssignment.solve(costs, observer: SilentObserver())
        #expect(found.sorted() == Array(0..<size))
        #expect(LinearAssignment.total(costs, found) <= LinearAssignment.total(costs, order))
        let right = zip(found, order).filter { $0 == $1 }.count
        #expect(right > size * 9 / 10, "\(right)")
    }

    @Test("nothing has an assignment, and what is no number has none")
    func edges() throws {
        #expect(
            try LinearAssignment.solve(MatrixView(rows: 0, columns: 0), observer: SilentObserver())
                == [])
        for value in [Float.nan, .infinity, -.infinity] {
            let costs = MatrixView(rows: 3, columns: 3)
            costs[2, 1] = value
            #expect(throws: AlignError.notFinite) {
                try LinearAssignment.solve(costs, observer: SilentObserver())
            }
        }
    }

    @Test("the work can be stopped")
    func stops() {
        struct Stopped: Error {}
        struct Stopper: WorkObserver {
            func checkpoint() throws { throw Stopped() }
            func progress(done: Int, total: Int, unit: String, detail: String) {}
        }
        #expect(throws: Stopped.self) {
            try LinearAssignment.solve(MatrixView(rows: 9, columns: 9), observer: Stopper())
        }
    }
}
