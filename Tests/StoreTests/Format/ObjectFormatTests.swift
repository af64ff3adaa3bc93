// The bytes on disk: old files stay readable, zstd's own tool reads them, hostile footers are
// bounded.

import DurableIO
import JSON
import Store
import SystemPackage
import Testing

@Suite struct ObjectFormatTests {
    /// Puts a file under the name of `digest`.
    private func plant(_ store: ContentStore, _ digest: Digest, _ bytes: [UInt8]) throws {
        try overwrite(store.layout.root.appending(objectName(digest)), bytes)
    }

    private func fault(_ store: ContentStore, _ digest: Digest) throws -> ObjectFault? {
        if case .damaged(let damage) = try store.bytes(of: digest) { damage.fault } else { nil }
    }

    private static func bytes(hex: String) -> [UInt8] {
        let digits = hex.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    private func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// A footer with a right checksum, whatever it says.
    private func footer(
        digest: Digest, version: Int = 1, filter: Int = 0, frameBytes: Int = 4 << 20,
        count: Int? = nil, rawBytes: Int, frames: [Int]
    ) -> [UInt8] {
        var payload = Array("LAYRFOLD".utf8)
        payload += little(version, 4) + little(filter, 4) + little(frameBytes, 4)
        payload += little(count ?? frames.count, 4) + little(rawBytes, 8) + digest.bytes
        payload += frames.flatMap { little($0, 4) }
        payload += Digest(of: payload).bytes
        payload += little(payload.count + 8, 4) + Array("LFO1".utf8)
        return little(0x184D_2A5C, 4) + little(payload.count, 4) + payload
    }

    @Test("a footer that lies costs neither memory nor a crash")
    func hostileFooters() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        let digest = Digest(of: "x")
        let zeros = [UInt8](repeating: 0, count: 64)
        let cases: [(String, [UInt8], ObjectFault)] = [
            (
                "version", footer(digest: digest, version: 2, rawBytes: 0, frames: []),
                .version(found: 2)
            ),
            (
                "filter", footer(digest: digest, filter: 3, rawBytes: 0, frames: []),
                .filter(found: 3)
            ),
            (
                "frame bytes", footer(digest: digest, frameBytes: 1 << 31, rawBytes: 0, frames: []),
                .frameBytes(found: 1 << 31)
            ),
            (
                "raw bytes", footer(digest: digest, rawBytes: (1 << 40) + 1, frames: []),
                .rawBytes(found: (1 << 40) + 1)
            ),
            (
                "raw bytes of 2^63", footer(digest: digest, rawBytes: .min, frames: []),
                .rawBytes(found: 1 << 63)
            ),
            (
                "a huge count", footer(digest: digest, count: 0xFFFF_FFFF, rawBytes: 0, frames: []),
                .frameCount(found: 0xFFFF_FFFF, expected: 0)
            ),
            (
                "a huge size with its count",
                footer(digest: digest, count: 1 << 18, rawBytes: 1 << 40, frames: []),
                .frameCount(found: 1 << 18, expected: 1 << 18)
            ),
            (
                "frames longer than the file",
                footer(digest: digest, rawBytes: 5, frames: [0xFFFF_FFFF]),
                .fileBytes(found: 116, expected: 0xFFFF_FFFF + 116)
            ),
            (
                "a frame larger than any frame is",
                [UInt8](repeating: 0, count: 5000)
                    + footer(digest: digest, rawBytes: 5, frames: [5000]),
                .frame(index: 0, reason: "5000 bytes are more than any frame has")
            ),
            (
                "a frame of nothing", footer(digest: digest, rawBytes: 5, frames: [0]),
                .frame(index: 0, reason: "unpacks to 0 bytes, expected 5")
            ),
            (
                "length", zeros + little(0x7FFF_FFFF, 4) + Array("LFO1".utf8),
                .tooShort(byteCount: 72)
            ),
            (
                "a length beyond the file",
                zeros + zeros + little(0xFFFF_FFFF, 4) + Array("LFO1".utf8),
                .footerLength(found: 0xFFFF_FFFF + 8, fileBytes: 136)
            ),
            (
                "a length below the least",
                zeros + zeros + little(20, 4) + Array("LFO1".utf8),
                .footerLength(found: 28, fileBytes: 136)
            ),
        ]
        for (name, bytes, expected) in cases {
            try plant(store, digest, bytes)
            #expect(try fault(store, digest) == expected, "\(name)")
        }
    }

    @Test("random footers and mutated files never crash the reader")
    func fuzz() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path, packingThreads: 0)
        var generator = SeededGenerator(seed: 77)
        let bytes = Array("some text that is packed, some text that is packed".utf8)
        let digest = try store.put(bytes).digest
        let good = try contents(store.layout.root.appending(objectName(digest)))
        for _ in 0..<1500 {
            var bad = good
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bad.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bad[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bad.remove(at: place)
                default: bad.insert(0, at: place)
                }
            }
            try plant(store, digest, bad)
            let fetched = try store.bytes(of: digest)
            #expect(fetched.value == nil || fetched.value == bytes)
        }
    }

    @Test(
        "zstd's own tool unpacks an object without filter",
        .enabled(if: ChildProcess.has("zstd"), "the zstd tool is not installed"))
    func zstdTool() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        var generator = SeededGenerator(seed: 4)
        let text = Array("layer ".utf8)
        for bytes in [
            [], Array((0..<900_000).flatMap { _ in text }), generator.bytes((4 << 20) + 5),
        ] {
            let digest = try store.put(bytes).digest
            let path = store.layout.root.appending(objectName(digest))
            let target = state.path.appending("plain")
            let child = try ChildProcess([
                "zstd", "-d", "-q", "-f", "-o", target.string, path.string,
            ])
            #expect(child.wait() == 0)
            #expect(try contents(target) == bytes)
            #expect(try ChildProcess(["zstd", "-t", "-q", path.string]).wait() == 0)
        }
    }

    @Test("an object and a step written by version 1 are read for ever")
    func goldens() throws {
        let state = try TemporaryState()
        let store = try ContentStore(state: state.path)
        for golden in ObjectGoldens.all {
            let digest = try #require(Digest(hex: golden.digest))
            try plant(store, digest, Self.bytes(hex: golden.file))
            #expect(try store.bytes(of: digest).value == golden.content)
            #expect(try store.info(of: digest)?.filter == golden.filter)
        }
        let key = try #require(Digest(hex: ObjectGoldens.actionKey))
        let path = store.layout.root.appending(actionName(key))
        try overwrite(path, Array(ObjectGoldens.action.utf8))
        let found = try #require(try store.lookup(key).record)
        #expect(found.key.stage == "similarity")
        #expect(found.key.params["sigma"] == 8)
        #expect(found.outputs.map(\.role) == ["matrix"])
        #expect(found.seconds == 1.25)
    }
}
