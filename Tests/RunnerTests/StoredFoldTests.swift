// What folds leave in a real store, and get back.

import Checkpoint
import Compression
import Foundation
import JSON
import Runner
import Store
import SystemPackage
import TensorMath
import TestSupport
import Testing

@Suite struct StoredFoldTests {
    private let folder: TemporaryFolder
    private let store: ContentStore

    init() throws {
        folder = try TemporaryFolder()
        store = try ContentStore(state: FilePath(folder.path))
    }

    private func fold(_ lambda: String, streamBytesMax: Int = 1 << 32) -> StoredFold {
        let progress = ProgressReporter(listener: { _ in }, stop: {})
        return StoredFold(
            StageCache.key(
                "weights", version: 1, inputs: [(role: "model", digest: Digest(of: "model"))],
                params: ["lambda": .string(lambda), "numerics": "f32"]),
            numerics: "f32", cache: StageCache(store: store, progress: progress), layers: [],
            streamBytesMax: streamBytesMax)
    }

    private func matrix(_ rows: Int, _ start: Float) -> MatrixView {
        MatrixView(rows: rows, columns: 3, values: (0..<3 * rows).map { start + Float($0) / 7 })
    }

    private let original = FoldPrefix(kept: [0, 1], end: 2)
    private let merged = FoldPrefix(kept: [0, 1], end: 3)

    @Test("streams come back as they were; before the first merge whatever the settings")
    func streams() throws {
        let kept = FoldStreams(
            original: matrix(5, 1), folded: matrix(5, -2), held: matrix(2, .pi))
        try fold("1").keep(kept, behind: merged)
        let found = try #require(try fold("1").streams(behind: merged))
        #expect(found.original.values() == kept.original.values())
        #expect(found.folded?.values() == kept.folded?.values())
        #expect(found.held?.values() == kept.held?.values())
        #expect(try fold("2").streams(behind: merged) == nil)
        #expect(try fold("1").streams(behind: original) == nil)
        try fold("1").keep(
            FoldStreams(original: matrix(5, 3), folded: nil, held: nil), behind: original)
        let start = try #require(try fold("2").streams(behind: original))
        #expect(start.original.values() == matrix(5, 3).values())
        #expect(start.folded == nil && start.held == nil)
    }

    @Test("what is damaged is not there, and the rest of it is told as missing")
    func damage() throws {
        let kept = FoldStreams(original: matrix(5, 1), folded: matrix(5, -2), held: nil)
        try fold("1").keep(kept, behind: merged)
        var archive = TensorArchive()
        archive.add("folded", matrix(5, -2))
        let name = Digest(of: archive.bytes).hex
        let object = folder.path + "/store/obj/\(name.prefix(2))/\(name).zst"
        var bytes = try Data(contentsOf: URL(filePath: object))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: object))
        #expect(try fold("1").streams(behind: merged)?.folded == nil)
        // The action that promised it is forgotten with it.
        #expect(try fold("1").streams(behind: merged) == nil)
    }

    @Test("a stream above the limit is not kept")
    func limit() throws {
        let kept = FoldStreams(original: matrix(5, 1), folded: nil, held: nil)
        try fold("1", streamBytesMax: 59).keep(kept, behind: original)
        #expect(try fold("1").streams(behind: original) == nil)
        try fold("1", streamBytesMax: 60).keep(kept, behind: original)
        #expect(try fold("1").streams(behind: original) != nil)
    }
}
