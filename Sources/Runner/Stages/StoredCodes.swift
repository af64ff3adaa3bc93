// Quantised layers in the store: an object for each, kept as it comes, so that a stage that is
// killed after hours goes on at the layer it was at, and read when a tensor of it is asked for.

import Checkpoint
import JSON
import Model
import Quantization
import Schemes
import Store
import TensorMath

/// What a model's weights became. The digest is of the stage's key.
struct IdentifiedCodes {
    let tensors: any QuantizedTensors
    let digest: Digest
    /// What somebody should know.
    let notes: [String]
    /// Wall time of computing them.
    let seconds: Double
}

/// Which arrays are in which layer's object.
struct CodesIndex: Codable {
    static let role = "codes"
    var layers: [[String]] = []
    var notes: [String] = []

    static func role(ofLayer layer: Int) -> String { "\(role)-\(layer)" }
}

extension QuantizedLayer {
    private static let (codes, scales) = (".codes", ".scales")

    /// As a file: of each module `codes` and `scales`, and the tensors that stay dense.
    var archive: TensorArchive {
        var archive = TensorArchive()
        for (module, matrix) in matrices.sorted(by: { $0.key < $1.key }) {
            archive.add(
                module + Self.codes, shape: [matrix.rows, matrix.columns], codes: matrix.codes)
            archive.add(
                module + Self.scales,
                MatrixView(
                    rows: matrix.rows, columns: matrix.scales.count / max(1, matrix.rows),
                    values: matrix.scales))
        }
        for (name, matrix) in dense.sorted(by: { $0.key < $1.key }) { archive.add(name, matrix) }
        return archive
    }

    /// nil where an array is none that `archive` makes.
    init?(_ archive: TensorArchive, layer: Int, _ scheme: WeightScheme, notes: [String]) {
        self.init(layer: layer, notes: notes)
        for entry in archive.entries where !entry.name.hasSuffix(Self.scales) {
            guard entry.name.hasSuffix(Self.codes) else {
                guard let matrix = archive.matrix(entry.name) else { return nil }
                dense[entry.name] = matrix
                continue
            }
            let module = String(entry.name.dropLast(Self.codes.count))
            guard entry.shape.count == 2, let codes = archive.codes(entry.name),
                let scales = archive.matrix(module + Self.scales)
            else { return nil }
            matrices[module] = QuantizedMatrix(
                rows: entry.shape[0], columns: entry.shape[1], scheme: scheme, codes: codes,
                scales: scales.values())
        }
    }
}

/// What earlier runs of a stage left of it.
final class StoredLayers: QuantizationRecall {
    private let stage: ActionKey
    private let weights: WeightScheme
    private let cache: StageCache
    /// When it was last asked.
    private var start = ContinuousClock.now

    private static let (role, notes) = ("layer", "notes")

    init(_ stage: ActionKey, weights: WeightScheme, cache: StageCache) {
        self.stage = stage
        self.weights = weights
        self.cache = cache
    }

    func layer(_ index: Int) throws -> QuantizedLayer? {
        start = .now
        guard let bytes = try cache.recalled(Self.role, of: part(index)),
            let told = try cache.recalled(Self.notes, of: part(index)),
            let archive = try? TensorArchive(parsing: bytes),
            let notes = try? SortedJSON.value([String].self, told),
            let layer = QuantizedLayer(archive, layer: index, weights, notes: notes)
        else { return nil }
        cache.progress.note("layer \(index + 1): quantised before")
        return layer
    }

    func keep(_ layer: QuantizedLayer) throws {
        try cache.keep(
            part(layer.layer), seconds: (ContinuousClock.now - start) / .seconds(1)
        ) { outputs in
            try outputs.put(Self.role, layer.archive.bytes)
            try outputs.put(Self.notes, json: layer.notes)
        }
    }

    private func part(_ layer: Int) -> ActionKey {
        StageCache.key(
            stage.stage + "-layer", version: stage.stageVersion,
            inputs: stage.inputs.map { (role: $0.key, digest: $0.value) },
            params: ["layer": .integer(layer), "stage": stage.params])
    }
}

/// Reads a layer when a tensor of it is asked for, and holds it until one of another is.
final class StoredCodes: QuantizedTensors {
    private let stored: StageResult
    private let scheme: WeightScheme
    /// Number of the layer that an array is in.
    private var layers: [String: Int] = [:]
    private var held: QuantizedLayer?

    let heldByteCount: Int

    /// - Parameter largestLayer: numbers in the weights of one layer, at the most.
    init(
        _ stored: StageResult, _ index: CodesIndex, scheme: WeightScheme, largestLayer: Int
    ) {
        self.stored = stored
        self.scheme = scheme
        // Of a layer: the object as it is read, its arrays, and the codes that stay.
        heldByteCount = 3 * largestLayer
        for (layer, names) in index.layers.enumerated() {
            for name in names { layers[name] = layer }
        }
    }

    func matrix(_ weight: String) throws -> QuantizedMatrix {
        guard let layer = layers[weight.module + ".codes"],
            let matrix = try read(layer).matrices[weight.module]
        else { throw stored.lost(CodesIndex.role) }
        return matrix
    }

    func dense(_ tensor: String) throws -> MatrixView? {
        try layers[tensor].flatMap { try read($0).dense[tensor] }
    }

    private func read(_ layer: Int) throws -> QuantizedLayer {
        if let held, held.layer == layer { return held }
        held = nil
        let role = CodesIndex.role(ofLayer: layer)
        guard
            let found = QuantizedLayer(
                try stored.archive(role), layer: layer, scheme, notes: [])
        else { throw stored.lost(role) }
        held = found
        return found
    }
}
