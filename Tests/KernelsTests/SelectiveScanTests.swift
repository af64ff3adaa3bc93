// The Mamba recurrences: the kernel at every level, and the convolution and scan over packed
// sequences, against a loop in double.

import Foundation
import TensorMath
import Testing

/// exp's 2.5e-7 enters every step of the state, which decays: relative to the largest output.
private let scanTolerance = 1e-5

/// One channel's inputs, [tokens] each; B and C [tokens, states].
struct ScanChannel {
    let tokens: Int
    let states: Int
    let signal: [Float]
    let delta: [Float]
    let gate: [Float]
    let inputs: [Float]
    let outputs: [Float]
    let decayLog: [Float]
    let skip: Float

    init(tokens: Int, states: Int, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.tokens = tokens
        self.states = states
        signal = generator.floats(tokens, size: 2)
        // softplus is linear above 20: some steps lie there.
        delta = generator.floats(tokens, size: 3).enumerated().map { $0 % 11 == 5 ? 21 : $1 }
        gate = generator.floats(tokens, size: 4)
        inputs = generator.floats(tokens * states)
        outputs = generator.floats(tokens * states)
        decayLog = generator.floats(states, size: 2)
        skip = generator.floats(1)[0]
    }

    /// The recurrence by its definition.
    var expected: [Double] {
        var state = [Double](repeating: 0, count: states)
        return (0..<tokens).map { token in
            let u = Double(signal[token])
            let step = log1p(exp(Double(delta[token])))
            var y = Double(skip) * u
            for index in 0..<states {
                let decay = exp(-step * exp(Double(decayLog[index])))
                state[index] =
                    decay * state[index] + step * u * Double(inputs[token * states + index])
                y += state[index] * Double(outputs[token * states + index])
            }
            let g = Double(gate[token])
            return y * g / (1 + exp(-g))
        }
    }
}

@Suite struct SelectiveScanTests {
    @Test("the kernel is the recurrence", arguments: ConversionTests.levels)
    func kernel(level: Int) throws {
        try ConversionTests.require(level)
        for states in [1, 3, 8, 16, 17, 64, 256] {
            for tokens in [1, 2, 5, 97] {
                let channel = ScanChannel(
                    tokens: tokens, states: states, seed: UInt64(100 * states + tokens))
                // Every third float is the channel's, the others are NaN and must stay so.
                let stride = 3
                let signal = GuardedFloats(count: (tokens - 1) * stride + 1)
                for token in 0..<tokens {
                    unsafe signal.pointer[token * stride] = channel.signal[token]
                }
                KernelTable(level: level).selectiveScan(channel, signal: signal, stride: stride)
                let expected = channel.expected
                let size = expected.map(abs).max() ?? 0
                let found = signal.values
                for place in found.indices {
                    if place % stride == 0 {
                        let error = abs(Double(found[place]) - expected[place / stride])
                        #expect(error <= scanTolerance * size, "\(states) states, \(place)")
                    } else {
                        #expect(found[place].isNaN)
                    }
                }
                #expect(signal.isIntact)
            }
        }
    }

    @Test("over packed sequences, states start at zero in each")
    func packed() {
        let ranges = [0..<1, 1..<6, 6..<103]
        // More channels than a task has, and not a multiple of it.
        let (channels, states) = (37, 5)
        let parts = (0..<channels).map { channel in
            ranges.map {
                ScanChannel(
                    tokens: $0.count, states: states, seed: UInt64($0.count + 1000 * channel))
            }
        }
        func matrix(_ columns: Int, _ value: (Int, Int) -> Float) -> MatrixView {
            // Views of wider rows, as the mixer passes them.
            let view = MatrixView(rows: 103, columns: columns + 9).columns(4..<4 + columns)
            for row in 0..<103 {
                for column in 0..<columns { view[row, column] = value(row, column) }
            }
            return view
        }
        func part(_ row: Int, _ channel: Int) -> (ScanChannel, Int) {
            let sequence = ranges.firstIndex { $0.contains(row) } ?? 0
            return (parts[channel][sequence], row - ranges[sequence].lowerBound)
        }
        func entry(
            _ row: Int, _ channel: Int, _ values: (ScanChannel) -> [Float]
        ) -> Float {
            let (found, token) = part(row, channel)
            return values(found)[token]
        }
        // B and C are shared by all channels: those of channel 0.
        func shared(_ row: Int, _ state: Int, _ values: (ScanChannel) -> [Float]) -> Float {
            let (found, token) = part(row, 0)
            return values(found)[token * states + state]
        }
        let signal = matrix(channels) { entry($0, $1, \.signal) }
        let delta = matrix(channels) { entry($0, $1, \.delta) }
        let gate = matrix(channels) { entry($0, $1, \.gate) }
        let inputs = matrix(states) { shared($0, $1, \.inputs) }
        let outputs = matrix(states) { shared($0, $1, \.outputs) }
        let decay = MatrixView(rows: channels, columns: states)
        let skip = MatrixView(rows: 1, columns: channels)
        for channel in 0..<channels {
            skip[0, channel] = Float(channel) * 0.1
            for state in 0..<states { decay[channel, state] = Float(state) * 0.3 - 1 }
        }
        let before = MatrixView(rows: 103, columns: channels)
        before.assign(signal)
        SelectiveScan.run(
            signal: signal, delta: delta, inputs: inputs, outputs: outputs, gate: gate,
            decayLog: decay, skip: skip, sequences: ranges)
        for channel in 0..<channels {
            for range in ranges {
                var state = [Double](repeating: 0, count: states)
                for token in range {
                    let u = Double(before[token, channel])
                    let step = log1p(exp(Double(delta[token, channel])))
                    var y = Double(skip[0, channel]) * u
                    for n in 0..<states {
                        state[n] =
                            exp(-step * exp(Double(decay[channel, n]))) * state[n]
                            + step * u * Double(inputs[token, n])
                        y += state[n] * Double(outputs[token, n])
                    }
                    let g = Double(gate[token, channel])
                    let expected = y * g / (1 + exp(-g))
                    // Outputs of this test are of size 1 to 60.
                    #expect(
                        abs(Double(signal[token, channel]) - expected)
                            <= scanTolerance * max(10, abs(expected)))
                }
            }
        }
    }

    @Test("the convolution sees its own sequence's past only", arguments: [1, 2, 4, 7])
    func convolution(width: Int) {
        var generator = SeededGenerator(seed: UInt64(width))
        let ranges = [0..<1, 1..<3, 3..<20]
        let channels = 19
        let wide = MatrixView(rows: 20, columns: 2 * channels)
        for row in 0..<20 {
            for column in 0..<2 * channels { wide[row, column] = generator.floats(1)[0] }
        }
        let x = wide.columns(channels..<2 * channels)
        let weight = MatrixView(
            rows: channels, columns: width, values: generator.floats(channels * width))
        let bias = MatrixView(rows: 1, columns: channels, values: generator.floats(channels))
        for bias in [bias, nil] {
            let output = MatrixView(rows: 20, columns: channels)
            SelectiveScan.convolve(x, weight: weight, bias: bias, sequences: ranges, into: output)
            for range in ranges {
                for token in range {
                    for channel in 0..<channels {
                        var sum = bias.map { Double($0[0, channel]) } ?? 0
                        for tap in 0..<width where token - width + 1 + tap >= range.lowerBound {
                            sum +=
                                Double(weight[channel, tap])
                                * Double(x[token - width + 1 + tap, channel])
                        }
                        let expected = sum / (1 + exp(-sum))
                        #expect(abs(Double(output[token, channel]) - expected) <= 1e-6)
                    }
                }
            }
        }
    }
}
