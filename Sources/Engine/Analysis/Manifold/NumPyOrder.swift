// The order of tied values after `numpy.argsort`, on which the official ranks of repeated tokens
// hang.

/// The order in which `numpy.argsort` puts a column of float32 values.
enum NumPyOrder {
    /// Beyond this, NumPy partitions first; ties are then left in their given order here.
    private static let networkMax = 256

    /// The indices of `values`, ascending by value.
    ///
    /// Values are tied where tokens repeat. NumPy's vectorised sort is a bitonic network for up
    /// to 256 values, which orders ties in its own way; the same network is run here, padded with
    /// infinity to a power of two.
    static func sorted(_ values: [Double]) -> [Int] {
        guard values.count <= networkMax else {
            return values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
        }
        var size = 1
        while size < values.count { size *= 2 }
        var keys = values + Array(repeating: .infinity, count: size - values.count)
        var order = Array(0..<size)
        func compare(_ low: Int, _ high: Int) {
            guard keys[low] > keys[high] else { return }
            keys.swapAt(low, high)
            order.swapAt(low, high)
        }
        for block in sequence(first: 2, next: { $0 * 2 }).prefix(while: { $0 <= size }) {
            for start in stride(from: 0, to: size, by: block) {
                for offset in 0..<block / 2 { compare(start + offset, start + block - 1 - offset) }
            }
            for half in sequence(first: block / 4, next: { $0 / 2 }).prefix(while: { $0 >= 1 }) {
                for start in stride(from: 0, to: size, by: 2 * half) {
                    for offset in 0..<half { compare(start + offset, start + offset + half) }
                }
            }
        }
        return order.filter { $0 < values.count }
    }
}
