// Damaged objects: whatever happened to the file, it is seen, set aside and counts as a miss.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct DamageTests {
    /// A store with one object of two frames and one step that made it.
    private struct Fixture {
        let state: TemporaryState
        let store: ContentStore
        let bytes: [UInt8]
        let digest: Digest
        let path: FilePath
        let file: [UInt8]

        init(elementBytes: Int = 4) throws {
            state = try TemporaryState()
            store = try ContentStore(state: state.path)
            var generator = SeededGenerator(seed: 42)
            bytes = generator.floats((5 << 20) / 4)
            let object = try store.put(bytes, elementBytes: elementBytes)
            digest = object.digest
            path = store.layout.root.appending(objectName(digest))
            file = try contents(path)
            try record()
        }

        func record() throws {
            let output = ActionOutput(role: "x", digest: digest, byteCount: bytes.count)
            _ = try store.record(key(1), outputs: [output], seconds: 0, peakBytes: 0)
        }

        /// Puts the sound file back.
        func restore() throws {
            try overwrite(path, file)
            try record()
        }

        /// Replaces the object's file and reads it whole.
        func damage(after change: (inout [UInt8]) -> Void) throws -> Damage? {
            var bad = file
            change(&bad)
            try overwrite(path, bad)
            guard case .damaged(let damage) = try store.bytes(of: digest) else { return nil }
            return damage
        }
    }

    @Test("any flipped bit is seen, in body, footer and frame table", arguments: [1, 4])
    func bitFlips(elementBytes: Int) throws {
        let fixture = try Fixture(elementBytes: elementBytes)
        var generator = SeededGenerator(seed: 8)
        let count = fixture.file.count
        // Everywhere at random, and every byte of the footer: 112 bytes and two table entries.
        let places =
            (0..<120).map { _ in Int.random(in: 0..<count, using: &generator) }
            + Array((count - 120)..<count) + [0, 1, 4, 5, 6]
        for place in places {
            let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &generator)
            let damage = try fixture.damage { $0[place] ^= bit }
            // zstd ignores one bit of a frame header (RFC 8878: unused bit); the content is whole.
            if damage == nil {
                #expect(try fixture.store.bytes(of: fixture.digest).value == fixture.bytes)
                #expect(place < 8 || bit == 0x10, "a flip at \(place) went unseen")
                continue
            }
            #expect(damage?.droppedActions == [key(1).digest], "place \(place)")
            #expect(try fixture.store.lookup(key(1)).record == nil, "place \(place)")
            #expect(try Syscalls.stat(fixture.path) == nil, "place \(place)")
            try fixture.restore()
        }
        #expect(try fixture.store.bytes(of: fixture.digest).value == fixture.bytes)
    }

    @Test("a file cut short or made longer is seen")
    func lengths() throws {
        let fixture = try Fixture()
        let count = fixture.file.count
        for length in [0, 1, 7, 8, 100, 111, 112, count / 2, count - 120, count - 8, count - 1] {
            let damage = try fixture.damage { $0 = Array($0.prefix(length)) }
            #expect(damage != nil, "length \(length)")
            try fixture.restore()
        }
        #expect(try fixture.damage { $0.append(0) }?.fault == .endMagic)
        try fixture.restore()
        #expect(try fixture.damage { $0 = [0] + $0 } != nil)
    }

    @Test("another object's file under this name is seen by its footer")
    func replaced() throws {
        let fixture = try Fixture()
        let other = try fixture.store.put([1, 2, 3])
        let file = try contents(fixture.store.layout.root.appending(objectName(other.digest)))
        let damage = try fixture.damage { $0 = file }
        #expect(damage?.fault == .name(footer: other.digest))
        #expect(try fixture.store.bytes(of: other.digest).value == [1, 2, 3])
    }

    @Test("a folder or a link in an object's place is no object")
    func notAFile() throws {
        let fixture = try Fixture()
        try Syscalls.unlink(fixture.path)
        try Syscalls.mkdir(fixture.path)
        guard case .damaged = try fixture.store.bytes(of: fixture.digest) else {
            Issue.record("a folder is no object")
            return
        }
        #expect(try fixture.store.lookup(key(1)).record == nil)
        try fixture.restore()
    }

    @Test("an object removed by hand is a miss, and its step as well")
    func removed() throws {
        let fixture = try Fixture()
        try Syscalls.unlink(fixture.path)
        guard case .missing = try fixture.store.bytes(of: fixture.digest) else {
            Issue.record("a removed object is missing")
            return
        }
        #expect(try fixture.store.lookup(key(1)).record == nil)
    }

    @Test("putting an object again heals a damaged one")
    func healed() throws {
        let fixture = try Fixture()
        try overwrite(fixture.path, Array(fixture.file.prefix(1000)))
        let object = try fixture.store.put(fixture.bytes, elementBytes: 4)
        #expect(object.isNew)
        #expect(try fixture.store.bytes(of: fixture.digest).value == fixture.bytes)
        #expect(try files(below: fixture.store.layout.root.appending("quarantine")).count == 1)
    }

    @Test("a disk that cannot read an object makes it a miss")
    func unreadable() throws {
        let fixture = try Fixture()
        let plan = FaultPlan(.error(.ioError), atCall: 3, among: [.read])
        let fetched = try FaultPlan.$current.withValue(plan) {
            try fixture.store.bytes(of: fixture.digest)
        }
        guard case .damaged(let damage) = fetched, case .unreadable = damage.fault else {
            Issue.record("expected damage, got \(fetched)")
            return
        }
        #expect(damage.quarantined != nil)
    }

    @Test("an object that another machine removed while it was read is a miss, and no damage")
    func removedElsewhere() throws {
        let fixture = try Fixture()
        var met = 0
        for call in [SystemCall.open, .stat, .read] {
            for number in 1... {
                let plan = FaultPlan(.error(.staleNFSFileHandle), atCall: number, among: [call])
                let fetched = try FaultPlan.$current.withValue(plan) {
                    try fixture.store.bytes(of: fixture.digest)
                }
                if !plan.hasFired { break }
                met += 1
                guard case .missing = fetched else {
                    Issue.record("\(call) \(number): expected a miss, got \(fetched)")
                    continue
                }
            }
        }
        // One to open it, and of its reads the two of the footer and one for each frame.
        #expect(met >= 5)
        #expect(try files(below: fixture.store.layout.root.appending("quarantine")).isEmpty)
        #expect(try fixture.store.bytes(of: fixture.digest).value == fixture.bytes)
        #expect(try fixture.store.lookup(key(1)).record != nil)
        // A step's record as well.
        let plan = FaultPlan(.error(.staleNFSFileHandle), atCall: 1, among: [.open])
        let found = try FaultPlan.$current.withValue(plan) { try fixture.store.lookup(key(1)) }
        #expect(found == .miss(.unknown))
        #expect(try fixture.store.lookup(key(1)).record != nil)
    }

    @Test("an error of the file that an object is written into is no miss of the object")
    func otherFile() throws {
        let fixture = try Fixture()
        let plan = FaultPlan(.error(.staleNFSFileHandle), atCall: 1, among: [.write])
        #expect(throws: StoreError.self) {
            try FaultPlan.$current.withValue(plan) {
                try fixture.store.extract(
                    fixture.digest, to: fixture.state.path.appending("target"))
            }
        }
        #expect(plan.hasFired)
    }

    @Test("verification tells everything at once, and repair leaves nothing to tell")
    func verify() throws {
        let fixture = try Fixture()
        let store = fixture.store
        let second = try store.put([5, 6])
        _ = try store.record(
            key(2), outputs: [ActionOutput(role: "y", second)], seconds: 0, peakBytes: 0)
        let third = try store.put([7, 8])
        _ = try store.record(
            key(3), outputs: [ActionOutput(role: "z", third)], seconds: 0, peakBytes: 0)
        #expect(try store.verify().findings == [])
        var bad = fixture.file
        bad[1000] ^= 1
        try overwrite(fixture.path, bad)
        try Syscalls.unlink(store.layout.root.appending(objectName(second.digest)))
        try overwrite(store.layout.root.appending(actionName(key(3).digest)), [0x7B])
        try overwrite(store.layout.root.appending("obj").appending(".DS_Store"), [])
        try Syscalls.mkdir(store.layout.root.appending("lost+found"))
        let report = try store.verify()
        #expect(report.findings.filter(\.isFault).count == 3)
        #expect(report.findings.count == 5)
        #expect(!report.isSound)
        #expect(report.objectCount == 2)
        guard
            case .damagedObject(fixture.digest, _, let actions) = report.findings.first(
                where: { if case .damagedObject = $0 { true } else { false } })
        else {
            Issue.record("the damaged object is told")
            return
        }
        #expect(actions == [key(1).digest])
        #expect(try store.verify(repairing: true).findings.filter(\.isFault).count == 3)
        let after = try store.verify()
        #expect(after.isSound)
        #expect(after.actionCount == 0)
    }
}
