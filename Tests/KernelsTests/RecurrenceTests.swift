// Mamba-2 and the gated delta rule: the kernels at every level against loops in double, sequences
// that are packed, and sequences that go on from a state.

import Foundation
import Kernels
import TensorMath
import Testing

/// Sums of a step in f32, in lanes; states decay.
private let recurrenceTolerance = 1e-5

/// Inputs of both recurrences: [tokens, heads * width] and so on.
private struct RecurrenceCase {
    let heads: Int
    /// Of B and C, or of key heads.
    let groups: Int
    let width: Int
    let states: Int
    let ranges: [Range<Int>]
    let values: MatrixView
    let left: MatrixView
    let right: MatrixView
    let steps: MatrixView
    let strengths: MatrixView
    let bias: MatrixView
    let decayLog: MatrixView
    let skip: MatrixView

    init(heads: Int, groups: Int, width: Int, states: Int, lengths: [Int]) {
        var generator = SeededGenerator(seed: UInt64(1000 * heads + 10 * width + states))
        var end = 0
        ranges = lengths.map { length in
            end += length
            return end - length..<end
        }
        // Views of wider rows, as the mixers pass them.
        func matrix(_ rows: Int, _ columns: Int, size: Float = 1) -> MatrixView {
            let view = MatrixView(rows: rows, columns: columns + 5).columns(3..<3 + columns)
            for row in 0..<rows {
                for (column, value) in generator.floats(columns, size: size).enumerated() {
                    view[row, column] = value
                }
            }
            return view
        }
        self.heads = heads
        self.groups = groups
        self.width = width
        self.states = states
        values = matrix(end, heads * width)
        left = matrix(end, groups * states, size: 0.5)
        right = matrix(end, groups * states)
        steps = matrix(end, heads, size: 3)
        strengths = matrix(end, heads, size: 2)
        bias = matrix(1, heads)
        decayLog = matrix(1, heads)
        skip = matrix(1, heads)
    }

    func softplus(_ token: Int, _ head: Int) -> Double {
        log1p(exp(Double(steps[token, head]) + Double(bias[0, head])))
    }

    func rate(_ head: Int) -> Double { -exp(Double(decayLog[0, head])) }

    func copy() -> MatrixView {
        let copy = MatrixView(rows: values.rows, columns: values.columns)
        copy.assign(values)
        return copy
    }

    /// Rows of each sequence from `start` to `end` of it.
    func pieces(_ start: Int, _ end: Int) -> [Range<Int>] {
        ranges.map {
            min($0.upperBound, $0.lowerBound + start)..<min($0.upperBound, $0.lowerBound + end)
        }
    }
}

extension MatrixView {
    fileprivate func largestDistance(from wanted: [[Double]]) -> Double {
        var largest = 0.0
        var size = 0.0
        for (row, line) in wanted.enumerated() {
            for (column, value) in line.enumerated() {
                largest = max(largest, abs(Double(self[row, column]) - value))
                size = max(size, abs(value))
            }
        }
        return largest / size
    }
}

@Suite struct RecurrenceTests {
    private static let cases = [(1, 1, 1, 1), (2, 1, 3, 5), (4, 2, 17, 16), (6, 3, 5, 37)]

    private static func make(_ index: Int) -> RecurrenceCase {
        let (heads, groups, width, states) = cases[index]
        return RecurrenceCase(
            heads: heads, groups: groups, width: width, states: states, lengths: [1, 5, 97])
    }

    @Test("a Mamba-2 head is its recurrence", arguments: 0..<4)
    func stateSpace(index: Int) {
        let one = Self.make(index)
        let limits: ClosedRange<Float> = index % 2 == 0 ? 0...Float.infinity : 0.4...1.5
        func run(_ signal: MatrixView, _ pieces: [Range<Int>], _ kept: [ScanState]?) {
            StateSpace.run(
                signal: signal, steps: one.steps, stepBias: one.bias, stepLimits: limits,
                inputs: one.left, outputs: one.right, groups: one.groups, decayLog: one.decayLog,
                skip: one.skip, sequences: pieces, kept: kept)
        }
        var wanted = [[Double]](
            repeating: [Double](repeating: 0, count: one.heads * one.width),
            count: one.values.rows)
        for head in 0..<one.heads {
            let group = head / (one.heads / one.groups) * one.states
            for range in one.ranges {
                var state = [[Double]](
                    repeating: [Double](repeating: 0, count: one.states), count: one.width)
                for token in range {
                    let step = min(
                        Double(limits.upperBound),
                        max(Double(limits.lowerBound), one.softplus(token, head)))
                    for place in 0..<one.width {
                        let u = Double(one.values[token, head * one.width + place])
                        var y = Double(one.skip[0, head]) * u
                        for n in 0..<one.states {
                            state[place][n] =
                                exp(step * one.rate(head)) * state[place][n]
                                + step * u * Double(one.left[token, group + n])
                            y += state[place][n] * Double(one.right[token, group + n])
                        }
                        wanted[token][head * one.width + place] = y
                    }
                }
            }
        }
        let whole = one.copy()
        run(whole, one.ranges, nil)
        #expect(whole.largestDistance(from: wanted) <= recurrenceTolerance)
        let shape = ScanShape(
            channels: 1, filterWidth: 1, rows: one.heads * one.width, columns: one.states)
        let kept = one.ranges.map { _ in ScanState(shape) }
        let parts = one.copy()
        for (start, end) in [(0, 1), (1, 4), (4, 97)] { run(parts, one.pieces(start, end), kept) }
        #expect(parts.values() == whole.values())
    }

    @Test("a head of a delta net is its recurrence", arguments: 0..<4)
    func deltaRule(index: Int) {
        let one = Self.make(index)
        func run(_ values: MatrixView, _ pieces: [Range<Int>], _ kept: [ScanState]?) {
            DeltaRule.run(
                queries: one.right, keys: one.left, values: values, decays: one.steps,
                strengths: one.strengths, decayBias: one.bias, decayLog: one.decayLog,
                keyWidth: one.states, sequences: pieces, kept: kept)
        }
        // Longer keys than 1 would make the state grow without end.
        for token in 0..<one.left.rows {
            for group in 0..<one.groups {
                let head = one.left.columns(group * one.states..<(group + 1) * one.states)
                let length = head.row(token).reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
                for n in 0..<one.states { head[token, n] /= max(length, 1e-3) }
            }
        }
        var wanted = [[Double]](
            repeating: [Double](repeating: 0, count: one.heads * one.width),
            count: one.values.rows)
        for head in 0..<one.heads {
            let group = head / (one.heads / one.groups) * one.states
            for range in one.ranges {
                var state = [[Double]](
                    repeating: [Double](repeating: 0, count: one.states), count: one.width)
                for token in range {
                    let decay = exp(one.rate(head) * one.softplus(token, head))
                    let strength = 1 / (1 + exp(-Double(one.strengths[token, head])))
                    for place in 0..<one.width {
                        var known = 0.0
                        for n in 0..<one.states {
                            state[place][n] *= decay
                            known += state[place][n] * Double(one.left[token, group + n])
                        }
                        let value = Double(one.values[token, head * one.width + place])
                        let missing = strength * (value - known)
                        for n in 0..<one.states {
                            state[place][n] += missing * Double(one.left[token, group + n])
                            wanted[token][head * one.width + place] +=
                                state[place][n] * Double(one.right[token, group + n])
                        }
                    }
                }
            }
        }
        let whole = one.copy()
        run(whole, one.ranges, nil)
        #expect(whole.largestDistance(from: wanted) <= recurrenceTolerance)
        let shape = ScanShape(
            channels: 1, filterWidth: 1, rows: one.heads * one.states, columns: one.width)
        let kept = one.ranges.map { _ in ScanState(shape) }
        let parts = one.copy()
        for (start, end) in [(0, 1), (1, 4), (4, 97)] { run(parts, one.pieces(start, end), kept) }
        #expect(parts.values() == whole.values())
    }

    @Test("a convolution goes on from the last tokens", arguments: [1, 2, 4, 7])
    func convolution(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        let channels = 67
        let x = MatrixView(rows: 23, columns: channels, values: generator.floats(23 * channels))
        let weight = MatrixView(
            rows: channels, columns: width, values: generator.floats(channels * width))
        let ranges = [0..<2, 2..<23]
        let whole = MatrixView(rows: 23, columns: channels)
        CausalConvolution.run(x, weight: weight, bias: nil, sequences: ranges, into: whole)
        let kept = ranges.map { _ in ScanState(ScanShape(channels: channels, filterWidth: width)) }
        let parts = MatrixView(rows: 23, columns: channels)
        for pieces in [[0..<1, 2..<3], [1..<2, 3..<5], [2..<2, 5..<23]] {
            CausalConvolution.run(
                x, weight: weight, bias: nil, sequences: pieces, kept: kept, into: parts)
        }
        #expect(parts.values() == whole.values())
    }

    @Test("every level gives the same recurrences", arguments: ConversionTests.levels)
    func levels(level: Int) throws {
        try ConversionTests.require(level)
        let (states, width, tokens) = (19, 5, 23)
        var generator = SeededGenerator(seed: 5)
        let left = GuardedFloats(generator.floats(tokens * states, size: 0.3))
        let right = GuardedFloats(generator.floats(tokens * states))
        let values = generator.floats(tokens * width)
        let rates = GuardedFloats(generator.floats(tokens))
        let strengths = GuardedFloats(generator.floats(tokens))
        func spaces(_ level: Int) -> [Float] {
            let call = unsafe [
                kernels_state_space_portable, kernels_state_space_avx2, kernels_state_space_avx512,
            ]
            let signal = GuardedFloats(values)
            let state = GuardedFloats([Float](repeating: 0, count: states * width))
            unsafe call[level](
                signal.pointer, width, rates.pointer, 1, 0.1, 0, .infinity, left.pointer, states,
                right.pointer, states, 0.2, 0.3, width, states, tokens, state.pointer)
            #expect(signal.isIntact && state.isIntact)
            return signal.values + state.values
        }
        func rules(_ level: Int) -> [Float] {
            let call = unsafe [
                kernels_delta_rule_portable, kernels_delta_rule_avx2, kernels_delta_rule_avx512,
            ]
            let signal = GuardedFloats(values)
            let state = GuardedFloats([Float](repeating: 0, count: states * width))
            unsafe call[level](
                right.pointer, states, left.pointer, states, signal.pointer, width, rates.pointer,
                1, strengths.pointer, 1, 0.1, 0.2, states, width, tokens, state.pointer)
            #expect(signal.isIntact && state.isIntact)
            return signal.values + state.values
        }
        for (found, wanted) in zip(spaces(level) + rules(level), spaces(0) + rules(0)) {
            #expect(abs(found - wanted) <= 1e-5 * max(1, abs(wanted)))
        }
    }
}
