// What quantising leaves in a real store, and gets back.

import Checkpoint
import Foundation
import JSON
import Quantization
import Schemes
import Store
import SystemPackage
import TensorMath
import TestSupport
import Testing

@testable import Runner

@Suite struct StoredCodesTests {
    private let folder: TemporaryFolder
    private let store: ContentStore
    private let scheme = WeightScheme(kind: .int, bits: 4, group: 3)

    init() throws {
        folder = try TemporaryFolder()
        store = try ContentStore(state: FilePath(folder.path))
    }

    private func layers(_ damping: String) -> StoredLayers {
        let progress = ProgressReporter(listener: { _ in }, stop: {})
        return StoredLayers(
            StageCache.key(
                "codes", version: 1, inputs: [(role: "model", digest: Digest(of: "model"))],
                params: ["damping": .string(damping)]),
            weights: scheme, cache: StageCache(store: store, progress: progress))
    }

    private var layer: QuantizedLayer {
        QuantizedLayer(
            layer: 1,
            matrices: [
                "model.layers.1.mlp.down_proj": QuantizedMatrix(
                    rows: 2, columns: 6, scheme: scheme,
                    codes: [-8, 7, 0, 1, -1, 3, 2, -3, 4, -5, 6, -7],
                    scales: [0.5, 0.25, 1, 0.125])
            ],
            dense: [
                "model.layers.1.norm.weight": MatrixView(rows: 1, columns: 2, values: [1.5, -2])
            ],
            notes: ["something"])
    }

    @Test("a layer comes back as it was, and only to the stage that made it")
    func layers() throws {
        try layers("0.01").keep(layer)
        let found = try #require(try layers("0.01").layer(1))
        #expect(found.layer == 1 && found.matrices == layer.matrices && found.notes == layer.notes)
        #expect(found.dense.mapValues { $0.values() } == layer.dense.mapValues { $0.values() })
        #expect(try layers("0.01").layer(0) == nil)
        #expect(try layers("0.02").layer(1) == nil)
    }

    @Test("arrays that are none of a layer's are refused")
    func damage() {
        var archive = layer.archive
        archive.add("lonely.codes", shape: [1, 3], codes: [1, 2, 3])
        #expect(QuantizedLayer(archive, layer: 1, scheme, notes: []) == nil)
        #expect(QuantizedLayer(layer.archive, layer: 1, scheme, notes: []) != nil)
    }
}
