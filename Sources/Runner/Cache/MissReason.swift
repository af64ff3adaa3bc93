// Why a stage was not in the cache, in words: the first field of its key that differs from the
// nearest earlier action of the same stage.

import Store

enum MissReason {
    static func describe(
        _ miss: ActionMiss, key: ActionKey, store: ContentStore
    ) throws -> String {
        if let loss = loss(miss) { return loss }
        guard let nearest = try store.nearest(to: key) else {
            return "the first action of this stage"
        }
        guard let first = nearest.differences.first else { return "a key that differs nowhere" }
        return "\(first.path) was \(shown(first.earlier)), is \(shown(first.asked))"
    }

    /// Why what was recorded is of no use; nil where nothing was.
    static func loss(_ miss: ActionMiss) -> String? {
        switch miss {
        case .unknown: nil
        case .damaged(let fault): "the cached action was damaged (\(fault))"
        case .outputMissing(let role, _): "the cached object `\(role)` was missing or damaged"
        case .foreign: "the cached action, or an object of it, belongs to somebody else"
        }
    }

    /// Two computations of one key that gave other bytes.
    static func alarm(
        _ key: ActionKey, _ outputs: [ActionOutput], existing: [ActionOutput]
    ) -> String {
        let before = Dictionary(existing.map { ($0.role, $0.digest) }) { first, _ in first }
        let differing = outputs.filter { before[$0.role] != $0.digest }.map { output in
            let earlier = before[output.role].map { "\($0.hex.prefix(12))" } ?? "absent"
            return "`\(output.role)` was \(earlier), is \(output.digest.hex.prefix(12))"
        }
        return "nondeterminism: stage \(key.stage) gave other bytes than an earlier run with the "
            + "same key \(key.digest.hex.prefix(12)) (\(differing.joined(separator: "; "))); the "
            + "earlier ones stay in the cache"
    }

    /// A value of a key, shortened: digests are long and say little.
    private static func shown(_ value: String?) -> String {
        guard let value else { return "absent" }
        return value.count > 24 ? value.prefix(20) + "…" : value
    }
}
