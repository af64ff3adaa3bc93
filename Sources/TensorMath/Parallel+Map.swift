// Independent values, computed on all cores.

import Synchronization

extension Parallel {
    /// `body(0), body(1), ...` in order; the calls may run at the same time and must not depend on
    /// one another, so the result does not depend on how many cores there are.
    package static func map<Value: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Value
    ) -> [Value] {
        let slots = Mutex([Value?](repeating: nil, count: count))
        forEach(count) { index in
            let value = body(index)
            slots.withLock { $0[index] = value }
        }
        return slots.withLock { $0.compactMap(\.self) }
    }
}
