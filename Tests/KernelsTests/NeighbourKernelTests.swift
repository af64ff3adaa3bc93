// The neighbour kernels of every level give the same bits.

import Kernels
import TensorMath
import Testing

@Suite struct NeighbourKernelTests {
    /// [dimensions, stride], as neighbours.h wants them.
    private static func points(
        _ count: Int, _ dimensions: Int, seed: UInt64
    ) -> (values: [Double], stride: Int) {
        var generator = SeededGenerator(seed: seed)
        let stride = (count + 7) / 8 * 8
        var values = [Double](repeating: 0, count: stride * dimensions)
        for axis in 0..<dimensions {
            var row = (0..<count).map { _ in Double(generator.next() % 4001) / 128 - 15 }
            if axis == 0 { row.sort() }
            for (place, value) in row.enumerated() { values[axis * stride + place] = value }
        }
        for place in count..<stride { values[place] = .infinity }
        return (values, stride)
    }

    @Test("distances and counts do not depend on the level", arguments: 0...2)
    func levels(level: Int) throws {
        guard level <= kernelLevelSupported() else {
            try Test.cancel("this processor has no level \(level)")
        }
        let search = unsafe [
            kernels_neighbours_portable, kernels_neighbours_avx2, kernels_neighbours_avx512,
        ]
        let counting = unsafe [
            kernels_count_near_portable, kernels_count_near_avx2, kernels_count_near_avx512,
        ]
        for count in [2, 5, 8, 9, 31, 32, 33, 200] {
            for dimensions in 1...5 {
                let (values, stride) = Self.points(count, dimensions, seed: UInt64(count))
                for k in 1...8 where k < count {
                    var both = [[Double]](repeating: Array(repeating: 0, count: count), count: 2)
                    unsafe search[level](values, stride, dimensions, count, k, &both[0])
                    unsafe search[0](values, stride, dimensions, count, k, &both[1])
                    #expect(both[0] == both[1])
                    var counts = [[Int32]](repeating: Array(repeating: 0, count: count), count: 2)
                    unsafe counting[level](
                        values, stride, dimensions, count, both[1], &counts[0])
                    unsafe counting[0](values, stride, dimensions, count, both[1], &counts[1])
                    #expect(counts[0] == counts[1])
                    #expect(counts[0].allSatisfy { $0 >= 1 && $0 <= count })
                }
            }
        }
    }
}
