// Why a stage was not in the cache, in words: the first field of its key that differs from the
// nearest earlier action of the same stage.

import Store

enum MissReason {
    static func describe(
        _ miss: ActionMiss, key: ActionKey, store: ContentStore
    ) throws -> String {
        switch miss {
        case .damaged(let fault): return "the cached action was damaged (\(fault))"
        case .outputMissing(let role, _):
            return "the cached object `\(role)` was missing or damaged"
        case .unknown: break
        }
        guard let nearest = try store.nearest(to: key) else {
            return "the first action of this stage"
        }
        guard let first = nearest.differences.first else { return "a key that differs nowhere" }
        return "\(first.path) was \(shown(first.earlier)), is \(shown(first.asked))"
    }

    /// A value of a key, shortened: digests are long and say little.
    private static func shown(_ value: String?) -> String {
        guard let value else { return "absent" }
        return value.count > 24 ? value.prefix(20) + "…" : value
    }
}
