// The choice of garbage collection, on figures alone.

import Testing

@testable import Store

@Suite struct CollectionPlanTests {
    private static let day: Int64 = 86_400_000_000_000

    /// A store of steps with one object each.
    private struct Builder {
        var inventory = StoreInventory()

        @discardableResult
        mutating func step(
            _ name: String, bytes: Int, seconds: Double, days: Double = 30
        ) -> (key: Digest, object: Digest) {
            let (key, object) = (Digest(of: name), Digest(of: name + "'s object"))
            let age = Int64(days * Double(day))
            inventory.objects[object] = .init(bytes: bytes, used: -age, age: age)
            inventory.actions.append(
                .init(key: key, outputs: [object], seconds: seconds, used: -age, age: age))
            return (key, object)
        }
    }

    private func plan(
        _ inventory: StoreInventory, protecting digests: Set<Digest> = [],
        _ bounds: CacheBounds?
    ) -> CollectionPlan {
        CollectionPlan(inventory, Protection(digests: digests, ageMax: Self.day)) { _ in bounds }
    }

    @Test("what is large and quick to compute goes before what is small and slow")
    func cost() {
        var store = Builder()
        let activations = store.step("activations", bytes: 1 << 30, seconds: 60)
        let embedding = store.step("embedding", bytes: 1 << 20, seconds: 600)
        let found = plan(store.inventory, CacheBounds(1 << 29))
        #expect(found.removals == [.init(action: activations.key, objects: [activations.object])])
        #expect(found.keptBytes == 1 << 20)
        // The order does not depend on the order of listing.
        store.inventory.actions.reverse()
        #expect(plan(store.inventory, CacheBounds(1 << 29)) == found)
        #expect(
            plan(store.inventory, CacheBounds(0)).removals.map(\.action)
                == [activations.key, embedding.key])
    }

    @Test("of equal ones the longest unused goes, and worth fades by half in a half-life")
    func recency() {
        var store = Builder()
        let new = store.step("new", bytes: 1000, seconds: 10, days: 3)
        let old = store.step("old", bytes: 1000, seconds: 10, days: 40)
        #expect(
            plan(store.inventory, CacheBounds(0)).removals.map(\.action) == [old.key, new.key])
        // Half as old by one half-life, twice as dear: worth the same, but for rounding.
        var other = Builder()
        let cheap = other.step("cheap", bytes: 1_000_000, seconds: 100, days: 20)
        let dear = other.step("dear", bytes: 1_000_000, seconds: 201, days: 34)
        #expect(
            plan(other.inventory, CacheBounds(0)).removals.map(\.action) == [cheap.key, dear.key])
    }

    @Test("nothing goes up to the high mark, and beyond it all down to the low one")
    func marks() {
        var store = Builder()
        for number in 0..<10 { store.step("\(number)", bytes: 100, seconds: 1) }
        #expect(plan(store.inventory, CacheBounds(high: 1000, low: 500)).removals.isEmpty)
        let found = plan(store.inventory, CacheBounds(high: 999, low: 500))
        #expect(found.removals.count == 5)
        #expect(found.keptBytes == 500)
        #expect(plan(store.inventory, nil).removals.isEmpty)
    }

    @Test("what is protected stays, and exceeds the limit without anything being done twice")
    func protected() {
        var store = Builder()
        let young = store.step("young", bytes: 100, seconds: 1, days: 0.5)
        let pinned = store.step("pinned", bytes: 100, seconds: 1)
        let rooted = store.step("rooted", bytes: 100, seconds: 1)
        let other = store.step("other", bytes: 100, seconds: 1)
        let protected: Set = [pinned.key, rooted.object]
        let found = plan(store.inventory, protecting: protected, CacheBounds(50))
        #expect(found.removals.map(\.action) == [other.key])
        #expect(found.keptBytes == 300)
        #expect(found.protectedBytes == 300)
        store.inventory.actions.removeAll { $0.key == other.key }
        store.inventory.objects[other.object] = nil
        #expect(plan(store.inventory, protecting: protected, CacheBounds(50)).removals.isEmpty)
        #expect(store.inventory.objects[young.object] != nil)
    }

    @Test("an object that several steps name goes with the last of them")
    func shared() {
        var store = Builder()
        let first = store.step("first", bytes: 100, seconds: 1, days: 50)
        let second = store.step("second", bytes: 100, seconds: 1, days: 40)
        store.inventory.actions[1] = .init(
            key: second.key, outputs: [second.object, first.object], seconds: 1,
            used: store.inventory.actions[1].used, age: store.inventory.actions[1].age)
        #expect(
            plan(store.inventory, CacheBounds(0)).removals == [
                .init(action: first.key, objects: []),
                .init(action: second.key, objects: [second.object, first.object]),
            ])
    }

    @Test("figures that are none do not upset the order")
    func oddFigures() {
        var store = Builder()
        let odd = [Double.nan, -.infinity, -5, 0].enumerated().map { index, seconds in
            store.step("odd \(index)", bytes: 100, seconds: seconds).key
        }
        let good = store.step("good", bytes: 100, seconds: 1)
        let order = plan(store.inventory, CacheBounds(0)).removals.compactMap(\.action)
        #expect(Set(order.prefix(4)) == Set(odd))
        #expect(order.last == good.key)
    }

    @Test("marks follow the size that is set, and what the disk lacks")
    func limits() {
        var limits = CacheLimits()
        #expect(limits.bounds(used: 50, free: 500, total: 1000) == CacheBounds(.max))
        // A twentieth of the disk stays free.
        #expect(
            limits.bounds(used: 50, free: 40, total: 1000) == CacheBounds(high: 40, low: 30))
        limits.size = 1000
        #expect(
            limits.bounds(used: 50, free: 500, total: 1000) == CacheBounds(high: 900, low: 800))
        limits.freeFloor = 1000
        #expect(
            limits.bounds(used: 600, free: 500, total: 9000) == CacheBounds(high: 100, low: 0))
        // On a large disk the floor is no twentieth.
        limits = CacheLimits()
        #expect(limits.bounds(used: 1, free: 21 << 30, total: 1 << 44) == CacheBounds(.max))
    }
}
