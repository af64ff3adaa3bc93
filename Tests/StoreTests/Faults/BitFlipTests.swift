// Random single bits of stored files and of the index: as many as Scripts/faults asks for, a few
// hundred without it. Each is found, or makes no difference to what is looked at here.

import DurableIO
import JSON
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite struct BitFlipTests {
    private static let objectCount = 12

    /// A small store with objects of every filter, steps that share some, and an index.
    private func fill(_ state: FilePath) throws -> ContentStore {
        let store = try ContentStore(state: state, packingThreads: 0)
        var generator = SeededGenerator(seed: 3)
        var objects: [StoredObject] = []
        for number in 0..<Self.objectCount {
            let width = [1, 2, 4][number % 3]
            let floats = generator.floats(40 + 120 * number)
            objects.append(try store.put(floats, elementBytes: width))
        }
        for number in 0..<8 {
            _ = try store.record(
                key(number, stage: number % 2 == 0 ? "embedding" : "similarity"),
                outputs: [
                    ActionOutput(role: "own", objects[number]),
                    ActionOutput(role: "shared", objects[8 + number % 4]),
                ], seconds: Double(number), peakBytes: number, notes: ["n": .integer(number)])
        }
        return store
    }

    /// Everything below a folder by its path.
    private func snapshot(_ folders: [FilePath]) throws -> [FilePath: [UInt8]] {
        var found: [FilePath: [UInt8]] = [:]
        for folder in folders {
            for name in try files(below: folder) {
                let path = folder.appending(FilePath(name).components)
                found[path] = try contents(path)
            }
        }
        return found
    }

    /// Flips one bit of a file, in place.
    private func flip(
        _ path: FilePath, _ bytes: [UInt8], _ generator: inout SeededGenerator
    ) throws -> Int {
        var bytes = bytes
        let bit = Int.random(in: 0..<(8 * bytes.count), using: &generator)
        bytes[bit / 8] ^= 1 << (bit % 8)
        try overwrite(path, bytes)
        return bit
    }

    @Test("in objects and steps: named by verification and gone after a repair, or without effect")
    func filesOfTheStore() throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let store = try fill(state.path)
        let layout = store.layout
        let all = try snapshot([layout.objects, layout.actions])
        let paths = all.keys.sorted { $0.string < $1.string }
        let values = try store.objectDigests().reduce(into: [Digest: [UInt8]]()) {
            $0[$1] = try store.bytes(of: $1).value
        }
        var generator = SeededGenerator(seed: FaultRounds.seed)
        let rounds = FaultRounds.count(200)
        var harmless = 0
        for round in 0..<rounds {
            let path = paths[Int.random(in: 0..<paths.count, using: &generator)]
            let bit = try flip(path, all[path] ?? [], &generator)
            let name = path.lastComponent?.stem ?? ""
            let digest = try #require(Digest(hex: name))
            let report = try store.verify(repairing: true)
            let named = report.findings.contains { finding in
                switch finding {
                case .damagedObject(digest, _, _), .damagedAction(digest, _): true
                default: false
                }
            }
            if named {
                #expect(try Syscalls.stat(path) == nil, "round \(round), bit \(bit)")
                if round % 20 == 0 {
                    #expect(try store.verify().isSound, "round \(round), bit \(bit)")
                }
            } else {
                // One bit of a frame's header means nothing to zstd.
                harmless += 1
                #expect(report.isSound, "round \(round), bit \(bit): \(report.findings)")
                #expect(try store.bytes(of: digest).value == values[digest], "bit \(bit)")
            }
            for (path, bytes) in all where try Syscalls.stat(path) == nil || path.stem == name {
                try overwrite(path, bytes)
            }
        }
        #expect(harmless <= max(1, rounds / 20), "\(harmless) of \(rounds) made no difference")
        #expect(try store.verify().isSound)
        FaultRounds.tell(rounds: rounds)
    }

    /// Of the index counts are looked at: of its texts nobody can tell (docs/RELIABILITY.md).
    @Test("in the index: replaced, refused or its counts hold; a rebuild counts the files")
    func index() throws {
        let state = try TemporaryState(in: FaultRounds.memory)
        let store = try fill(state.path)
        let path = store.layout.index
        let truth: StoreIndex.Statistics
        do {
            let index = StoreIndex(store: store, database: try IndexDatabase(path: path))
            _ = try index.importActions()
            truth = try index.statistics()
        }
        // Brought to rest, all of it in one file.
        _ = try StoreIndex.rebuild(store)
        let bytes = try contents(path)
        var generator = SeededGenerator(seed: FaultRounds.seed &+ 1)
        let rounds = FaultRounds.count(60)
        var outcomes: [String: Int] = [:]
        for round in 0..<rounds {
            let bit = try flip(path, bytes, &generator)
            outcomes[try outcome(store, truth), default: 0] += 1
            try rebuild(store)
            let rebuilt = StoreIndex(store: store, database: try IndexDatabase(path: path))
            #expect(try rebuilt.statistics() == truth, "round \(round), bit \(bit)")
            for entry in try DirectoryScan.entries(of: path.removingLastComponent())
            where entry.name.string.contains("damaged") {
                try Syscalls.unlink(path.removingLastComponent().appending(entry.name))
            }
            try overwrite(path, bytes)
        }
        // SQLite has no checksums: bits of free space and of texts are not seen, and the import
        // brings the rest of what a listing shows back to the files.
        #expect(outcomes["wrong"] ?? 0 == 0, "\(outcomes)")
        FaultRounds.tell(rounds: rounds)
    }

    /// Does what the message of a refusal says.
    private func rebuild(_ store: ContentStore) throws {
        do {
            _ = try StoreIndex.rebuild(store)
        } catch StoreError.indexNewer {
            try Syscalls.unlink(store.layout.index)
            _ = try StoreIndex.rebuild(store)
        }
    }

    /// What an opening and an import make of the index as it lies there.
    private func outcome(
        _ store: ContentStore, _ truth: StoreIndex.Statistics
    ) throws -> String {
        do {
            let database = try IndexDatabase(path: store.layout.index)
            if case .replaced = database.opening { return "replaced" }
            let index = StoreIndex(store: store, database: database)
            _ = try index.importActions()
            // Figures that were read from a footer long ago are believed until a rebuild.
            let found = try index.statistics()
            return found.actionCount == truth.actionCount
                && found.objectCount == truth.objectCount ? "harmless" : "wrong"
        } catch is StoreError {
            return "refused"
        }
    }
}
