// Stages `embedding` and `similarity`: how alike the layers of a model are. The measures of the
// NPIB family have an embedding stage of their own, the others compare activations directly.

import Analysis
import Catalogue
import Checkpoint
import Foundation
import JSON
import Jobs
import Report
import Store
import TensorMath

/// A similarity matrix with the digest of its bytes.
struct IdentifiedSimilarity {
    let measure: String
    let matrix: SimilarityMatrix
    let digest: Digest

    /// From the outputs `similarity` and `warnings` of a stage.
    init(measure: String, reading result: StageResult, of stage: String, _ cache: StageCache) throws
    {
        let bytes = try cache.bytes(result, "similarity", stage: stage)
        let warnings = try WarningFile.decode(try cache.bytes(result, "warnings", stage: stage))
        guard let matrix = SimilarityFile.decode(bytes, warnings: warnings) else {
            throw StageInputLost(stage: stage, role: "similarity")
        }
        self.measure = measure
        self.matrix = matrix
        digest = Digest(of: bytes)
    }

    /// Leaves the outputs that the initialiser reads.
    static func put(_ matrix: SimilarityMatrix, into outputs: inout StageOutputs) throws {
        try outputs.put("similarity", SimilarityFile.encode(matrix))
        try outputs.put("warnings", try WarningFile.encode(matrix.warnings))
    }

    /// - Parameter subject: `original`, or the id of a result.
    func report(of subject: String) -> RunReport.Similarity {
        RunReport.Similarity(
            measure: measure, reading: EmbeddingFamily(measure: measure)?.rawValue,
            of: subject, layers: (0..<matrix.size).map(String.init),
            matrix: (0..<matrix.size).map { row in
                (0..<matrix.size).map { matrix[row, $0] }
            },
            conditionNumbers: matrix.conditionNumbers, warnings: matrix.warnings)
    }
}

struct SimilarityStage {
    let cache: StageCache
    let progress: ProgressReporter
    let numerics: Numerics

    /// What the similarity stage reads: embeddings, or the activations themselves.
    private enum Source {
        case embeddings(StageResult, EmbeddingFamily)
        case activations(StoredActivations)

        var inputs: [(role: String, digest: Digest)] {
            switch self {
            case .embeddings(let result, _): result.sortedOutputs
            case .activations(let stored): stored.result.sortedOutputs
            }
        }
    }

    func measure(
        _ name: String, parameters: Parameters, activations: StoredActivations
    ) throws -> IdentifiedSimilarity {
        let settings = SimilarityParameters(parameters)
        var source = Source.activations(activations)
        if let family = EmbeddingFamily(measure: name) {
            let embedding = try embed(family, parameters, settings, activations)
            source = .embeddings(embedding, family)
        }
        let request = StageRequest(
            name: "similarity", inputs: source.inputs,
            params: [
                "measure": .string(name), "numerics": numerics.key,
                "parameters": parameters.canonical(),
            ],
            detail: "\(name), \(activations.boundaries - 1) layers")
        let result = try cache.run(request) { outputs in
            try progress.checkpoint()
            try IdentifiedSimilarity.put(try compare(source, name, settings), into: &outputs)
        }
        return try IdentifiedSimilarity(measure: name, reading: result, of: request.name, cache)
    }

    private func embed(
        _ family: EmbeddingFamily, _ parameters: Parameters, _ settings: SimilarityParameters,
        _ activations: StoredActivations
    ) throws -> StageResult {
        let request = StageRequest(
            name: "embedding", inputs: activations.result.sortedOutputs,
            params: [
                "family": .string(family.rawValue), "numerics": numerics.key,
                "parameters": parameters.canonical(["sigma", "dimensions"]),
            ],
            detail: "\(family.rawValue) reading, \(activations.boundaries - 1) layers")
        return try cache.run(request) { outputs in
            let rows = try activations.allRows(cache: cache)
            try progress.checkpoint()
            let embeddings = try family.embed(rows, settings)
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
    }

    private func compare(
        _ source: Source, _ name: String, _ settings: SimilarityParameters
    ) throws -> SimilarityMatrix {
        switch source {
        case .activations(let stored):
            return try SimilarityMeasures.find(name).similarity(
                of: try stored.allRows(cache: cache), parameters: settings)
        case .embeddings(let result, let family):
            let archive = try cache.archive(result, "embeddings", stage: "embedding")
            let warnings = try WarningFile.decode(
                try cache.bytes(result, "warnings", stage: "embedding"))
            let layers = archive.entries.count - 1
            let coordinates = try (0..<layers).map { layer in
                let name = "layer.\(layer)"
                guard let shape = archive.entry(name)?.shape, let values = archive.doubles(name)
                else { throw StageInputLost(stage: "embedding", role: "embeddings") }
                return DoubleMatrix(rows: shape[0], columns: shape[1], values: values)
            }
            let matrix = try family.compare(coordinates, settings)
            return SimilarityMatrix(
                size: matrix.size, values: matrix.values, warnings: warnings + matrix.warnings,
                conditionNumbers: archive.doubles("condition_numbers") ?? [])
        }
    }
}

extension StageResult {
    /// Outputs as inputs of the next stage, by role.
    var sortedOutputs: [(role: String, digest: Digest)] {
        outputs.sorted { $0.key < $1.key }.map { (role: $0.key, digest: $0.value) }
    }
}
