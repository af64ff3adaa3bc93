// Why a stage was not in the cache, in words: the first field of its key that differs from the
// nearest earlier action of the same stage.

import Store

enum MissReason {
    static func describe(
        _ miss: ActionMiss, key: ActionKey, store: ContentStore
    ) throws -> String {
        switch miss {
        case .damaged(let fault): return "the cached action was damaged (\(fault))"
        case .outputMissing(let role, _): return "the cached object `\(role)` was missing or damaged"
        case .unknown: break
        }
        guard let nearest = try store.nearest(to: key) else {
            return "the first action of this stage"
        }
        return "\(nearest.path) was \(nearest.theirs), is \(nearest.ours)"
    }
}
