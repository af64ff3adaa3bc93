// Which steps and objects go, in which order: a choice among figures. Nothing here touches a file.

import Glibc

/// What lies in the store, as garbage collection sees it.
struct StoreInventory {
    struct Object {
        let bytes: Int
        /// Time of last use as the file has it; told again before the file is removed.
        let used: Int64
        /// Nanoseconds since then by the store's clock.
        let age: Int64
    }

    struct Action {
        let key: Digest
        let outputs: [Digest]
        /// That it once took to compute.
        let seconds: Double
        let used: Int64
        let age: Int64
    }

    var objects: [Digest: Object] = [:]
    var actions: [Action] = []

    var bytes: Int { objects.values.reduce(0) { $0 + $1.bytes } }
}

/// What stays whatever it is worth.
struct Protection {
    /// Objects and keys.
    var digests: Set<Digest>
    /// What is not older than this stays; nanoseconds.
    var ageMax: Int64

    func covers(_ digest: Digest, age: Int64) -> Bool {
        age <= ageMax || digests.contains(digest)
    }

    func covers(_ action: StoreInventory.Action) -> Bool {
        covers(action.key, age: action.age)
            || action.outputs.contains { digests.contains($0) }
    }
}

/// What is to be removed, in this order.
struct CollectionPlan: Equatable {
    /// A step, if any, then those objects that nothing names once it is gone.
    struct Removal: Equatable {
        let action: Digest?
        let objects: [Digest]
    }

    private(set) var removals: [Removal] = []
    private(set) var keptBytes: Int
    private(set) var protectedBytes = 0

    /// - Parameter bounds: what to keep within; nil to take what nothing names and no more.
    init(
        _ inventory: StoreInventory, _ protection: Protection,
        bounds: (_ used: Int) -> CacheBounds?
    ) {
        keptBytes = inventory.bytes
        var references: [Digest: Int] = [:]
        for action in inventory.actions {
            for output in action.outputs { references[output, default: 0] += 1 }
        }
        let loose = inventory.objects.keys.sorted().filter { references[$0] == nil }
        remove(nil, loose, inventory, protection)
        if let bounds = bounds(keptBytes), keptBytes > bounds.high {
            let candidates = inventory.actions.filter { !protection.covers($0) }
                .map { (action: $0, worth: Self.worth(of: $0, inventory, references)) }
                .sorted {
                    ($0.worth, $0.action.used, $0.action.key)
                        < ($1.worth, $1.action.used, $1.action.key)
                }
            for (action, _) in candidates {
                if keptBytes <= bounds.low { break }
                var unnamed: [Digest] = []
                for output in action.outputs {
                    references[output, default: 0] -= 1
                    if references[output] == 0 { unnamed.append(output) }
                }
                remove(action.key, unnamed, inventory, protection)
            }
        }
        protectedBytes = Self.protectedBytes(inventory, protection)
    }

    private mutating func remove(
        _ action: Digest?, _ objects: [Digest], _ inventory: StoreInventory,
        _ protection: Protection
    ) {
        let going = objects.filter { digest in
            inventory.objects[digest].map { !protection.covers(digest, age: $0.age) } ?? false
        }
        if action == nil, going.isEmpty { return }
        removals.append(Removal(action: action, objects: going))
        keptBytes -= going.reduce(0) { $0 + (inventory.objects[$1]?.bytes ?? 0) }
    }

    /// In this time a step loses half of its worth.
    static let halfLife = 14.0 * 86_400 * 1e9
    /// What the file of a step takes, and what looking for it costs at least.
    private static let overheadBytes = 4096.0
    private static let overheadSeconds = 0.001

    /// What keeping a step is worth: seconds that it saves, for each byte that it takes, halved
    /// with every half-life since its last use; the binary logarithm of it. In the manner of
    /// GreedyDual-Size (Cao and Irani 1997), whose inflation by what was evicted last is here the
    /// fading of what is not used: nothing has to be remembered between two collections.
    static func worth(
        of action: StoreInventory.Action, _ inventory: StoreInventory,
        _ references: [Digest: Int]
    ) -> Double {
        // An object that several steps name costs each its share.
        let bytes = action.outputs.reduce(overheadBytes) { sum, output in
            let share = Double(inventory.objects[output]?.bytes ?? 0)
            return sum + share / Double(max(1, references[output] ?? 1))
        }
        // A figure from a file: what is no number of seconds counts as none.
        let seconds = action.seconds.isFinite ? max(0, action.seconds) : 0
        return log2((seconds + overheadSeconds) / bytes) - Double(action.age) / halfLife
    }

    private static func protectedBytes(
        _ inventory: StoreInventory, _ protection: Protection
    ) -> Int {
        var digests = Set(
            inventory.objects.filter { protection.covers($0.key, age: $0.value.age) }.keys)
        for action in inventory.actions where protection.covers(action) {
            digests.formUnion(action.outputs)
        }
        return digests.reduce(0) { $0 + (inventory.objects[$1]?.bytes ?? 0) }
    }
}
