// Stage `embedding`: manifold embeddings of layers, for the measures that compare such.

import Analysis
import Catalogue
import Checkpoint
import JSON
import Model
import Store
import TensorMath

struct EmbeddingStage: Stage {
    let name = "embedding"
    var version: Int { measure.version }
    let measure: any EmbeddedMeasure
    /// The job's own; the key takes those that the embedding reads.
    let parameters: Parameters
    let activations: StoredActivations
    let numerics: Numerics

    var inputs: StageInputs { activations.result.asInputs }

    var params: KeyJSON {
        [
            "family": .string(measure.family), "numerics": numerics.key,
            "parameters": parameters.canonical(measure.embeddingParameterNames),
        ]
    }

    var detail: String { "\(measure.family) reading, \(activations.boundaries - 1) layers" }

    var kind: String { "\(name) \(measure.family)" }
    var work: Work { SimilarityWork(activations).embedding }

    var plannedPeak: Int? {
        measure.peakByteCount(activations.shape, SimilarityParameters(parameters))
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try cache.progress.checkpoint()
        let embeddings = try measure.embed(activations.all, SimilarityParameters(parameters))
        var archive = TensorArchive()
        for (layer, coordinates) in embeddings.coordinates.enumerated() {
            archive.add(
                "layer.\(layer)", shape: [coordinates.rows, coordinates.columns],
                doubles: coordinates.values)
        }
        archive.add(
            "condition_numbers", shape: [embeddings.conditionNumbers.count],
            doubles: embeddings.conditionNumbers)
        try outputs.put("embeddings", archive.bytes)
        try outputs.put("warnings", try WarningFile.encode(embeddings.warnings))
    }

    func decode(_ stored: StageResult) -> StoredEmbeddings {
        StoredEmbeddings(result: stored, work: SimilarityWork(activations))
    }

    func assumed(_ unknown: StageResult) -> StoredEmbeddings { decode(unknown) }
}

/// Embeddings in the store.
struct StoredEmbeddings {
    let result: StageResult
    /// Of comparing them.
    let work: SimilarityWork

    func read() throws -> LayerEmbeddings {
        let archive = try result.archive("embeddings")
        let layers = archive.entries.count - 1
        return LayerEmbeddings(
            coordinates: try (0..<layers).map { layer in
                let name = "layer.\(layer)"
                guard let shape = archive.entry(name)?.shape, let values = archive.doubles(name)
                else { throw result.lost("embeddings") }
                return DoubleMatrix(rows: shape[0], columns: shape[1], values: values)
            },
            conditionNumbers: archive.doubles("condition_numbers") ?? [],
            warnings: try WarningFile.decode(try result.bytes("warnings")))
    }
}
