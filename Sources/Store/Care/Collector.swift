// Garbage collection: what no step and no pin names goes; then the longest unused steps go, until
// the store fits. A step goes before its objects (Bazel's rule), so none is ever left dangling.

import DurableIO
package import SystemPackage

/// What garbage collection may do.
package struct CollectorPolicy: Sendable {
    /// Packed bytes that the objects may take together; nil for no limit. Default: nil.
    package var diskBytesMax: Int?
    /// What was made or used less than this long ago stays, by the clock of the store's own file
    /// system: work under way puts objects before it names them. Not negative: what is used from
    /// now on is then seen by its time. Default: 24 hours.
    package var graceSeconds = 86_400
    /// Objects and keys that work under way needs. Default: none.
    package var roots: Set<Digest> = []
    /// Whether to tell only. Default: no.
    package var isDryRun = false

    package init() {}
}

/// What garbage collection did, or would do.
package struct CollectorReport: Equatable, Sendable {
    /// Removed, in the order of removal.
    package internal(set) var actions: [Digest] = []
    package internal(set) var objects: [Digest] = []
    /// Packed bytes of the objects removed, and of those that stay.
    package internal(set) var freedBytes = 0
    package internal(set) var keptBytes = 0
    /// Seconds of computing that the removed steps once took.
    package internal(set) var lostSeconds = 0.0
    /// Whether what is protected alone exceeds the limit.
    package internal(set) var isOverLimit = false
    /// Names that are none of the store's; they are never removed.
    package internal(set) var unknown: [FilePath] = []
}

extension ContentStore {
    /// Removes what is not needed, and what is least recently used beyond the limit.
    ///
    /// Interrupted anywhere, it leaves a sound store; the next run goes on.
    package func collect(_ policy: CollectorPolicy) throws -> CollectorReport {
        precondition(policy.graceSeconds >= 0, "a grace period is not negative")
        return try translating {
            let now = try fileSystemClock()
            var collection = try Collection(
                store: self, policy: policy,
                before: now - Int64(policy.graceSeconds) * 1_000_000_000)
            try collection.removeUnreferenced()
            if let limit = policy.diskBytesMax { try collection.removeLeastRecentlyUsed(limit) }
            return collection.report
        }
    }

    /// Now, in nanoseconds, by the clock that also stamps the store's files.
    private func fileSystemClock() throws(SystemCallError) -> Int64 {
        let file = try newFile()
        return try Syscalls.stat(file.temporaryPath)?.modifiedNanoseconds ?? 0
    }
}

/// One run of garbage collection.
private struct Collection {
    struct Item {
        let bytes: Int
        let used: Int64
    }

    let store: ContentStore
    let policy: CollectorPolicy
    /// Only what was last used before this may go; nanoseconds.
    let before: Int64
    var report = CollectorReport()
    private var objects: [Digest: Item] = [:]
    private var records: [(record: ActionRecord, used: Int64)] = []
    private var references: [Digest: Int] = [:]
    /// Objects and keys that stay whatever their age.
    private var kept: Set<Digest>

    init(store: ContentStore, policy: CollectorPolicy, before: Int64) throws {
        self.store = store
        self.policy = policy
        self.before = before
        kept = policy.roots.union(try store.pins().map(\.digest))
        // Objects before actions: an object that an action names later counts as unreferenced, but
        // it is young then.
        let objectNames = try store.names(
            in: store.layout.objects, suffix: StoreLayout.objectSuffix)
        for digest in objectNames.known {
            guard let status = try Syscalls.stat(store.layout.object(digest)) else { continue }
            objects[digest] = Item(bytes: status.byteCount, used: status.modifiedNanoseconds)
            report.keptBytes += status.byteCount
        }
        let actionNames = try store.names(
            in: store.layout.actions, suffix: StoreLayout.actionSuffix)
        for key in actionNames.known {
            guard let status = try Syscalls.stat(store.layout.action(key)) else { continue }
            do {
                guard let record = try store.loadAction(key) else { continue }
                records.append((record, status.modifiedNanoseconds))
                for output in record.outputs { references[output.digest, default: 0] += 1 }
            } catch is ActionFault {
                // Nobody can tell what it names, so it must not outlive the objects.
                if !policy.isDryRun { try store.removeAction(key) }
                report.actions.append(key)
            }
        }
        report.unknown =
            try objectNames.unknown + actionNames.unknown + store.unknownBeside()
    }

    mutating func removeUnreferenced() throws {
        for (digest, item) in objects.sorted(by: { $0.key < $1.key })
        where references[digest] == nil {
            try removeObject(digest, item)
        }
    }

    mutating func removeLeastRecentlyUsed(_ limit: Int) throws {
        let oldestFirst = records.sorted {
            ($0.used, $0.record.key.digest) < ($1.used, $1.record.key.digest)
        }
        for (record, used) in oldestFirst {
            if report.keptBytes <= limit { return }
            guard used < before, !kept.contains(record.key.digest),
                !record.outputs.contains(where: { kept.contains($0.digest) })
            else { continue }
            try removeAction(record, used)
        }
        report.isOverLimit = report.keptBytes > limit
    }

    /// Removes a step, then those of its objects that no other step names.
    private mutating func removeAction(_ record: ActionRecord, _ used: Int64) throws {
        let (store, path) = (store, store.layout.action(record.key.digest))
        if !policy.isDryRun {
            // Looked up meanwhile: then it is the most recently used of all.
            guard try Syscalls.stat(path)?.modifiedNanoseconds == used else { return }
            try store.removeAction(record.key.digest)
        }
        report.actions.append(record.key.digest)
        report.lostSeconds += record.seconds
        for output in record.outputs {
            references[output.digest, default: 0] -= 1
            if references[output.digest] == 0, let item = objects[output.digest] {
                try removeObject(output.digest, item)
            }
        }
    }

    private mutating func removeObject(_ digest: Digest, _ item: Item) throws {
        guard item.used < before, !kept.contains(digest) else { return }
        if !policy.isDryRun {
            let (store, path) = (store, store.layout.object(digest))
            let isRemoved = try store.whileRemoving {
                // Put or used meanwhile: then somebody is about to name it.
                guard try Syscalls.stat(path)?.modifiedNanoseconds == item.used else {
                    return false
                }
                try Syscalls.unlink(path)
                return true
            }
            guard isRemoved else { return }
        }
        report.objects.append(digest)
        report.freedBytes += item.bytes
        report.keptBytes -= item.bytes
        objects[digest] = nil
    }
}
