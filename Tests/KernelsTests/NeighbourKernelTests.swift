// The neighbour kernels of every level give what comparing all pairs gives, to the bit.

import Kernels
import TensorMath
import Testing

@Suite struct NeighbourKernelTests {
    /// How coordinates are spread: on a grid that single precision holds, closer to each other than
    /// it can tell, or beyond its range.
    private enum Spread: CaseIterable { case grid, crowded, tiny, huge }

    /// [dimensions, stride], as neighbours.h wants them.
    private static func points(
        _ count: Int, _ dimensions: Int, _ spread: Spread, seed: UInt64
    ) -> (values: [Double], stride: Int) {
        var generator = SeededGenerator(seed: seed)
        let stride = (count + 15) / 16 * 16
        var values = [Double](repeating: 0, count: stride * dimensions)
        for axis in 0..<dimensions {
            var row = (0..<count).map { _ in
                let value = Double(generator.next() % 4001) / 128 - 15
                return switch spread {
                case .grid: value
                case .crowded: 7 + value * 1e-9
                case .tiny: value * 1e-300
                case .huge: value * 1e38
                }
            }
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
        for count in [2, 5, 8, 9, 16, 17, 31, 32, 33, 200, 400] {
            for dimensions in 1...5 {
                for spread in Spread.allCases {
                    let (values, stride) = Self.points(
                        count, dimensions, spread, seed: UInt64(count))
                    let all = Self.distances(values, stride, dimensions, count)
                    let sorted = all.map { $0.sorted() }
                    let greatest = values.filter(\.isFinite).map(\.magnitude).max() ?? 0
                    let margin =
                        greatest < 1e37 ? Float(greatest * 0x1p-20 + 1e-36) : Float.infinity
                    for k in 1...8 where k < count {
                        var found = [Double](repeating: 0, count: count)
                        unsafe search[level](
                            values, values.map { Float($0) }, margin, stride, dimensions, count, k,
                            &found)
                        let wanted = sorted.map { $0[k] }
                        #expect(found == wanted, "\(spread), \(count) points, k \(k)")
                        var counts = [Int32](repeating: 0, count: count)
                        unsafe counting[level](
                            values, values.map { Float($0) }, margin, stride, dimensions, count,
                            wanted, &counts)
                        let near = all.indices.map { point in
                            Int32(all[point].count { $0 < wanted[point] || $0 == 0 })
                        }
                        #expect(counts == near, "\(spread), \(count) points, k \(k)")
                    }
                }
            }
        }
    }

    /// [count][count], a point's own among them.
    private static func distances(
        _ values: [Double], _ stride: Int, _ dimensions: Int, _ count: Int
    ) -> [[Double]] {
        (0..<count).map { point in
            (0..<count).map { other in
                (0..<dimensions).reduce(0) {
                    max($0, (values[$1 * stride + other] - values[$1 * stride + point]).magnitude)
                }
            }
        }
    }
}
