// What putting and reading objects promises, whatever their size and shape.

import DurableIO
import Store
import SystemPackage
import Testing

@Suite struct ObjectContractTests {
    static let frame = 4 << 20
    /// Around nothing, around an element, around the limit of one frame and of the slots in flight.
    static let sizes = [
        0, 1, 2, 3, 4, 5, 7, 8, 1000, frame - 1, frame, frame + 1, frame + 3, 2 * frame,
        3 * frame + 12345, 6 * frame + 2,
    ]

    @Test("an object comes back as it was put", arguments: [0, 2], [1, 2, 4])
    func roundTrip(threads: Int, elementBytes: Int) throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path, packingThreads: threads)
        var generator = SeededGenerator(seed: UInt64(threads * 10 + elementBytes))
        let longest = generator.floats(Self.sizes.reduce(0, max) / 4 + 1)
        for size in Self.sizes {
            let bytes = Array(longest.prefix(size))
            let object = try store.put(bytes, elementBytes: elementBytes)
            #expect(object.byteCount == size)
            #expect(object.digest == Digest(of: bytes))
            #expect(try store.bytes(of: object.digest).value == bytes, "size \(size)")
        }
    }

    @Test("the pieces in which bytes arrive do not matter")
    func pieces() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        var generator = SeededGenerator(seed: 7)
        let bytes = generator.floats(Self.frame / 2)
        let whole = try store.put(bytes, elementBytes: 4)
        let file = try contents(store.layout.root.appending(objectName(whole.digest)))
        let other = try TemporaryState()
        let second = try ContentStore(state: other.path, packingThreads: 0)
        let streamed = try second.put(elementBytes: 4) { writer in
            var start = 0
            while start < bytes.count {
                let count = min(bytes.count - start, Int.random(in: 1...900_000, using: &generator))
                try writer.write(Array(bytes[start..<(start + count)]))
                start += count
            }
        }
        #expect(streamed.digest == whole.digest)
        #expect(
            try contents(second.layout.root.appending(objectName(whole.digest))) == file,
            "the same content gives the same file")
    }

    @Test("putting the same bytes again adds nothing")
    func idempotent() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let first = try store.put([1, 2, 3])
        let again = try store.put([1, 2, 3])
        #expect(first.isNew)
        #expect(!again.isNew)
        #expect(again.digest == first.digest)
        #expect(try files(below: store.layout.root.appending("obj")).count == 1)
        #expect(try files(below: store.layout.root.appending("tmp")).isEmpty)
    }

    @Test("float arrays are split into planes only where that shrinks them")
    func filterChoice() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        var generator = SeededGenerator(seed: 11)
        let floats = try store.put(generator.floats(100_000), elementBytes: 4)
        let noise = try store.put(generator.bytes(400_000), elementBytes: 4)
        let zeros = try store.put([UInt8](repeating: 0, count: 400_000), elementBytes: 4)
        #expect(try store.info(of: floats.digest)?.filter == .planes4)
        #expect(try store.info(of: noise.digest)?.filter == ObjectFilter.none)
        #expect(try store.info(of: zeros.digest)?.filter == ObjectFilter.none)
        let packed = try #require(try store.info(of: floats.digest))
        #expect(packed.fileBytes < packed.rawBytes * 92 / 100)
    }

    @Test("a part of an object equals the part of its bytes")
    func ranges() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        var generator = SeededGenerator(seed: 3)
        let bytes = generator.floats(Self.frame * 3 / 4 + 10)
        let digest = try store.put(bytes, elementBytes: 4).digest
        let edges = [0, 1, Self.frame - 1, Self.frame, Self.frame + 1, 2 * Self.frame, bytes.count]
        for start in edges {
            for end in edges where end >= start {
                #expect(
                    try store.bytes(of: digest, in: start..<end).value == Array(bytes[start..<end]),
                    "\(start)..<\(end)")
            }
        }
    }

    @Test("an object can be read back as an ordinary file")
    func extract() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        var generator = SeededGenerator(seed: 5)
        let bytes = generator.floats(50_000)
        let digest = try store.put(bytes, elementBytes: 4).digest
        let target = state.path.appending("copy.bin")
        #expect(try store.extract(digest, to: target).value?.rawBytes == bytes.count)
        #expect(try contents(target) == bytes)
        let missing = state.path.appending("none.bin")
        guard case .missing = try store.extract(Digest(of: "nothing"), to: missing) else {
            Issue.record("an object that was never put is a miss")
            return
        }
        #expect(try Syscalls.stat(missing) == nil)
    }

    @Test("a caller's own error passes through and leaves nothing behind")
    func callersError() throws {
        struct Refusal: Error {}
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        #expect(throws: Refusal.self) {
            try store.put { writer in
                try writer.write([UInt8](repeating: 1, count: 9 << 20))
                throw Refusal()
            }
        }
        #expect(try files(below: store.layout.root) == ["FORMAT"])
    }

    @Test("a store of another format is refused and left alone")
    func otherFormat() throws {
        let state = try TemporaryState()
        do { _ = try ContentStore(state: state.path) }
        let layout = StoreLayout(state: state.path)
        try overwrite(layout.root.appending("FORMAT"), Array("layerfold-store 2\n".utf8))
        try overwrite(layout.root.appending("tmp").appending("precious"), [1])
        #expect(throws: StoreError.self) { try ContentStore(state: state.path) }
        #expect(try files(below: layout.root) == ["FORMAT", "tmp/precious"])
    }
}

/// The path of an object below the store's root, as docs/STORE_FORMAT.md gives it.
func objectName(_ digest: Digest) -> FilePath {
    FilePath("obj/\(digest.hex.prefix(2))/\(digest.hex).zst")
}

func actionName(_ key: Digest) -> FilePath {
    FilePath("act/\(key.hex.prefix(2))/\(key.hex).json")
}

extension FilePath {
    func appending(_ other: FilePath) -> FilePath { pushing(other) }
}
