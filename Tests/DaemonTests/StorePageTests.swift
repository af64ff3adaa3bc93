// The store's page: its figures, and collections that really free bytes.

import DurableIO
import Foundation
import JSON
import Jobs
import Store
import SystemPackage
import Testing

@testable import Daemon

@Suite struct StorePageTests {
    /// A step with an object of its own, last used `hours` ago.
    private func step(
        _ world: PageWorld, _ store: ContentStore, _ number: Int, hours: Int,
        stage: String = "embedding"
    ) throws -> String {
        // Bytes that do not pack.
        let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* 7919 &+ number) >> 3) }
        let object = try store.put(bytes)
        let key = ActionKey(
            stage: stage, stageVersion: 1, inputs: [:], params: ["number": .integer(number)],
            tool: "test")
        _ = try store.record(
            key, outputs: [ActionOutput(role: "x", object)], seconds: 100, peakBytes: 0)
        let now = DaemonClock.system.now() / 1_000
        for (hex, part, suffix) in [
            (object.digest.hex, "obj", "zst"), (key.digest.hex, "act", "json"),
        ] {
            try Syscalls.setModified(
                store.layout.root.appending(part).appending(String(hex.prefix(2)))
                    .appending("\(hex).\(suffix)"), seconds: now - 3_600 * hours)
        }
        return key.digest.hex
    }

    @Test func `a collection frees what it said, and says so`() async throws {
        let world = try PageWorld()
        let store = try ContentStore(state: world.daemon.state, packingThreads: 0)
        _ = try step(world, store, 1, hours: 100)
        _ = try step(world, store, 2, hours: 100)
        _ = try step(world, store, 3, hours: 0)
        let settings = try await world.get("/store", by: PageWorld.admin)
        #expect(settings.status == 200)
        #expect(settings.text.contains("would free nothing"), "no limit is set")
        let preview = try await world.get("/store?keep=0", by: PageWorld.admin)
        #expect(preview.text.contains("2 objects of 2 steps"), "\(preview.text)")
        #expect(preview.text.contains("3 min 20 s to compute"))
        #expect(try store.objectDigests().count == 3, "a look removes nothing")
        let done = try await world.post(
            "/store/collect", [("keep", "0")], by: PageWorld.admin)
        #expect(done.status == 303 && done.location == "/store#collections")
        #expect(try store.objectDigests().count == 1, "what is young stays")
        #expect(try store.actionKeys().count == 1)
        let after = try await world.get("/store", by: PageWorld.admin)
        #expect(after.text.contains("Last collections"))
        #expect(after.text.contains("<bdi>user 1003</bdi>"))
        let freed = try #require(
            try world.index.newestEvents(ofType: "store-collected", countMax: 5).first)
        let contents = try JSONDecoder().decode(
            PastCollection.Contents.self, from: Data(freed.event.data.utf8))
        #expect(contents.bytes > 0 && contents.steps == 2 && contents.seconds == 200)
        #expect(contents.by == PageWorld.admin.user)
    }

    @Test func `only admins collect, and nothing but numbers is a size`() async throws {
        let world = try PageWorld()
        let store = try ContentStore(state: world.daemon.state, packingThreads: 0)
        _ = try step(world, store, 1, hours: 100)
        let refused = try await world.post("/store/collect", [("keep", "0")], by: PageWorld.ann)
        #expect(refused.status == 403)
        for text in ["-1", "nan", "inf", "1e300", "x", "1 GiB"] {
            let answer = try await world.post(
                "/store/collect", [("keep", text)], by: PageWorld.admin)
            #expect(answer.status == 409, "\(text)")
            let page = try await world.get(
                "/store?keep=\(text.replacing(" ", with: "%20"))", by: PageWorld.admin)
            #expect(page.status == 422 && page.text.contains("expected a number of GiB"))
        }
        #expect(try store.objectDigests().count == 1)
    }

    @Test func `bytes are told by stage, job and owner, to those whom they concern`() async throws {
        let world = try PageWorld(isPrivate: true)
        let store = try ContentStore(state: world.daemon.state, packingThreads: 0)
        let shared = try step(world, store, 1, hours: 0)
        let own = try step(world, store, 2, hours: 0, stage: "similarity")
        let anns = try world.addDone("anns-job", by: PageWorld.ann, keys: [shared, own])
        let bobs = try world.addDone("bobs-job", by: PageWorld.bob, keys: [shared])
        let figures = try #require(
            try await StoreCensus(
                folders: world.configuration.folders, clock: world.configuration.clock,
                index: world.index
            ).take())
        #expect(figures.statistics.stages.map(\.name) == ["embedding", "similarity"])
        let shares = Dictionary(
            uniqueKeysWithValues: figures.jobs.map { ($0.row.id, $0.share) })
        let ann = try #require(shares[anns] ?? nil)
        let bob = try #require(shares[bobs] ?? nil)
        #expect(ann.objectCount == 2 && bob.objectCount == 1)
        #expect(ann.diskBytes == figures.statistics.diskBytes)
        #expect(bob.ownBytes == 0 && ann.ownBytes == ann.diskBytes - bob.diskBytes)
        #expect(figures.owners[1_001] == ann)
        let page = try await world.get("/store", by: PageWorld.ann)
        #expect(page.text.contains("anns-job") && !page.text.contains("bobs-job"))
        // Of the same jobs: what the owner has besides is no part of the sum.
        let row = try #require(page.text.firstMatch(of: #/(?s)anns-job.*?<\/tr>/#)).0
        let cell = try #require(row.split(separator: "<td").last)
        #expect(page.text.ranges(of: cell).count == 2, "\(cell)")
        // By name where this machine has such users.
        func name(_ user: UInt32) throws -> String { try Accounts.name(of: user) ?? "user \(user)" }
        #expect(try page.text.contains(name(1_001)) && !page.text.contains(name(1_002)))
        let all = try await world.get("/store", by: PageWorld.admin)
        #expect(all.text.contains("anns-job") && all.text.contains("bobs-job"))
    }

    @Test func `where there is no store the page says so, and none is made`() async throws {
        let world = try PageWorld()
        let page = try await world.get("/store")
        #expect(page.status == 200 && page.text.contains("no store yet"))
        #expect(!TestFolder.exists(world.daemon.state.appending("store/FORMAT")))
    }
}
