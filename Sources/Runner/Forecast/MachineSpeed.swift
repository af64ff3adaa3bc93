// `layerfold doctor --measure`: how fast this machine multiplies, hashes and stores, by short
// measurements of what stages do most.

import DurableIO
import Jobs
import Store
package import SystemPackage
import TensorMath

package enum MachineSpeed {
    private static let times = 3
    /// Tokens, inputs and outputs of the product.
    private static let size = 1024
    private static let byteCount = 64 << 20

    /// Of each way to compute that this machine has; the median of three measurements.
    ///
    /// - Parameter state: a state folder; its `rates.json` keeps what is found.
    package static func measure(
        keepingIn state: FilePath
    ) throws -> [(mode: String, speed: Rates.Speed)] {
        let (read, written) = try diskSpeeds(state)
        let modes: [JobDescription.ComputeChoice] =
            MatrixProduct.hasNativeHalf ? [.f32, .bf16] : [.f32]
        return try modes.map { choice in
            let numerics = Numerics(choice)
            let speed = Rates.Speed(
                operations: try operations(numerics.mode), read: read, written: written)
            try RateFile(state: state, numerics).learn(speed)
            return (numerics.mode.rawValue, speed)
        }
    }

    /// Takes a first measure of how fast this machine multiplies, where none was taken: a job's
    /// forecast shall not wait for somebody to ask. Milliseconds; the disk stays guessed.
    static func measureOnce(_ file: RateFile, _ numerics: Numerics) throws {
        guard file.rates.speed == nil else { return }
        var speed = Rates.Speed.guessed(threads: Parallel.threadCount)
        speed.operations = try operations(numerics.mode)
        try file.learn(speed)
    }

    private static func operations(_ mode: ComputeMode) throws -> Double {
        let product = try MatrixProduct(mode: mode)
        let values = (0..<size * size).map { Float($0 % 7) / 7 }
        let input = MatrixView(rows: size, columns: size, values: values)
        let weight = WeightMatrix(input, as: mode == .bfloat16 ? .bf16 : .f32)
        let output = MatrixView(rows: size, columns: size)
        try product.multiply(input, weight, into: output)
        let count = Double(size)
        return 2 * count * count * count
            / (try median { try product.multiply(input, weight, into: output) })
    }

    private static func diskSpeeds(_ state: FilePath) throws -> (read: Double, written: Double) {
        var generator = SeededGenerator(seed: 1)
        // Bytes that no file system makes smaller.
        let bytes = (0..<byteCount).map { _ in
            UInt8(truncatingIfNeeded: generator.next() as UInt64 >> 32)
        }
        let file = state.appending("speed.tmp")
        defer { try? Syscalls.unlink(file) }
        let hashing = median { _ = Digest(of: bytes) }
        let writing = try median { try DurableFile.write(bytes, to: file) }
        return (Double(byteCount) / hashing, Double(byteCount) / writing)
    }

    private static func median(_ work: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        return try (0..<times).map { _ in try clock.measure(work) / .seconds(1) }
            .sorted()[times / 2]
    }
}
