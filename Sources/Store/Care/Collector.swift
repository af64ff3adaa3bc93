// Garbage collection: what no step and no pin names goes; then the steps that are worth least,
// until the store fits. A step goes before its objects (Bazel's rule), so none is ever left
// dangling.

import DurableIO
import SystemPackage

extension ContentStore {
    /// Removes what is not needed, and what is worth least beyond the limit.
    ///
    /// Interrupted anywhere, it leaves a sound store; the next run goes on.
    package func collect(_ policy: CollectorPolicy) throws -> CollectorReport {
        precondition(policy.graceSeconds >= 0, "a grace period is not negative")
        return try translating {
            let reading = try policy.clock ?? readClocks()
            let clock = try clock(at: reading, keeping: !policy.isDryRun)
            var collection = Collection(store: self, isDryRun: policy.isDryRun)
            let pinned = try pins().map(\.digest)
            // Pins first: who pins a step while this runs finds it young, or gone.
            let inventory = try collection.takeStock(clock)
            let protection = Protection(
                digests: policy.roots.union(pinned), ageMax: Self.ageMax(policy, clock))
            let space = try DiskSpace(at: layout.root)
            var bounds: CacheBounds?
            let plan = CollectionPlan(inventory, protection) { used in
                bounds = policy.bounds(used: used, space)
                return bounds
            }
            try collection.carryOut(plan, inventory)
            collection.report.bounds = bounds
            collection.report.protectedBytes = plan.protectedBytes
            collection.report.isOverLimit =
                bounds.map { collection.report.keptBytes > $0.high } ?? false
            return collection.report
        }
    }

    /// Nanoseconds: the grace, or the age of the oldest work under way.
    private static func ageMax(_ policy: CollectorPolicy, _ clock: StoreClock) -> Int64 {
        let product = Int64(policy.graceSeconds).multipliedReportingOverflow(
            by: StoreClock.second)
        // Beyond all ages there are: nothing is old enough.
        let grace = product.overflow ? .max : product.partialValue
        guard let since = policy.workingSince else { return grace }
        return max(grace, clock.age(of: Int64(since) * 1_000_000))
    }
}

extension CollectorPolicy {
    func bounds(used: Int, _ space: DiskSpace) -> CacheBounds? {
        switch limit {
        case .none: nil
        case .bounds(let bounds): bounds
        case .limits(let limits):
            limits.bounds(used: used, free: space.freeBytes, total: space.totalBytes)
        }
    }
}

/// One run of garbage collection.
private struct Collection {
    let store: ContentStore
    let isDryRun: Bool
    var report = CollectorReport()
    /// Outputs of steps that were to go and stay, since they were used meanwhile.
    private var needed: Set<Digest> = []

    init(store: ContentStore, isDryRun: Bool) {
        self.store = store
        self.isDryRun = isDryRun
    }

    /// Lists what is there. A step that cannot be read goes at once: nobody can tell what it
    /// names, so it must not outlive the objects.
    mutating func takeStock(_ clock: StoreClock) throws -> StoreInventory {
        var inventory = StoreInventory()
        // Objects before actions: an object that an action names later counts as unreferenced, but
        // it is young then.
        let objectNames = try store.names(
            in: store.layout.objects, suffix: StoreLayout.objectSuffix)
        for digest in objectNames.known {
            guard let status = try Syscalls.stat(store.layout.object(digest)) else { continue }
            let used = status.modifiedNanoseconds
            inventory.objects[digest] = StoreInventory.Object(
                bytes: status.byteCount, used: used, age: clock.age(of: used))
            report.keptBytes += status.byteCount
        }
        let actionNames = try store.names(
            in: store.layout.actions, suffix: StoreLayout.actionSuffix)
        for key in actionNames.known {
            guard let status = try Syscalls.stat(store.layout.action(key)) else { continue }
            do {
                guard let record = try store.loadAction(key) else { continue }
                let used = status.modifiedNanoseconds
                inventory.actions.append(
                    StoreInventory.Action(
                        key: key, outputs: record.outputs.map(\.digest), seconds: record.seconds,
                        used: used, age: clock.age(of: used)))
            } catch is ActionFault {
                // One that may not be removed stays, is told, and stops nobody.
                if try isDryRun || removeIfOurs(key) { report.actions.append(key) }
            }
        }
        report.unknown = try objectNames.unknown + actionNames.unknown + store.unknownBeside()
        return inventory
    }

    mutating func carryOut(_ plan: CollectionPlan, _ inventory: StoreInventory) throws {
        let actions = Dictionary(uniqueKeysWithValues: inventory.actions.map { ($0.key, $0) })
        for removal in plan.removals {
            if let action = removal.action.flatMap({ actions[$0] }) {
                guard try remove(action) else {
                    needed.formUnion(action.outputs)
                    continue
                }
            }
            for digest in removal.objects where !needed.contains(digest) {
                if let object = inventory.objects[digest] { try remove(digest, object) }
            }
        }
    }

    /// - Returns: False if the step was looked up meanwhile: then it is the last used of all; or
    ///   if it may not be removed.
    private mutating func remove(_ action: StoreInventory.Action) throws -> Bool {
        if !isDryRun {
            let path = store.layout.action(action.key)
            if let status = try store.freshStatus(path),
                status.modifiedNanoseconds != action.used
            {
                return false
            }
            // Also where it is gone by now: that has to be durable before its objects go.
            guard try removeIfOurs(action.key) else { return false }
        }
        report.actions.append(action.key)
        report.lostSeconds += action.seconds
        return true
    }

    private mutating func removeIfOurs(_ key: Digest) throws -> Bool {
        if try store.removeIfOurs(key) { return true }
        report.stuck.append(store.layout.action(key))
        return false
    }

    private mutating func remove(_ digest: Digest, _ object: StoreInventory.Object) throws {
        if !isDryRun {
            let path = store.layout.object(digest)
            let isRemoved = try store.whileRemoving {
                // Put or used meanwhile: then somebody is about to name it. Gone is fine as well.
                guard try store.freshStatus(path)?.modifiedNanoseconds == object.used else {
                    return false
                }
                do throws(SystemCallError) {
                    try Syscalls.unlink(path)
                } catch {
                    // It stays, is told, and the others go.
                    guard error.isForbidden else { throw error }
                    report.stuck.append(path)
                    return false
                }
                return true
            }
            guard isRemoved else { return }
        }
        report.objects.append(digest)
        report.freedBytes += object.bytes
        report.keptBytes -= object.bytes
    }
}
