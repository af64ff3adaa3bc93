// Stage `similarity`: how alike the layers of a model are, by embeddings of them or by the
// activations themselves.

import Analysis
import Catalogue
import JSON
import Model
import Report
import Store

/// A similarity matrix with the digest of its bytes.
struct IdentifiedSimilarity {
    let measure: any SimilarityMeasure
    let matrix: SimilarityMatrix
    let digest: Digest

    /// From the outputs `similarity` and `warnings` of a stage.
    init(_ measure: any SimilarityMeasure, reading stored: StageResult) throws {
        let bytes = try stored.bytes("similarity")
        let warnings = try WarningFile.decode(try stored.bytes("warnings"))
        guard let matrix = SimilarityFile.decode(bytes, warnings: warnings) else {
            throw stored.lost("similarity")
        }
        self.measure = measure
        self.matrix = matrix
        digest = Digest(of: bytes)
    }

    /// Made up: the nearer two layers, the more alike.
    init(_ measure: any SimilarityMeasure, assuming layers: Int, _ unknown: StageResult) {
        self.measure = measure
        matrix = SimilarityMatrix(assuming: layers)
        digest = unknown.key
    }

    /// Leaves the outputs that the initialiser reads.
    static func put(_ matrix: SimilarityMatrix, into outputs: inout StageOutputs) throws {
        try outputs.put("similarity", SimilarityFile.encode(matrix))
        try outputs.put("warnings", try WarningFile.encode(matrix.warnings))
    }

    /// - Parameter subject: `original`, or the id of a result.
    func report(of subject: String) -> RunReport.Similarity {
        RunReport.Similarity(
            measure: measure.name, reading: (measure as? any EmbeddedMeasure)?.family,
            of: subject, layers: (0..<matrix.size).map(String.init),
            matrix: (0..<matrix.size).map { row in
                (0..<matrix.size).map { matrix[row, $0] }
            },
            conditionNumbers: matrix.conditionNumbers, warnings: matrix.warnings)
    }
}

extension SimilarityMatrix {
    /// Of a model nobody has measured.
    init(assuming layers: Int) {
        self.init(
            size: layers,
            values: (0..<layers * layers).map { 1 / Double(1 + abs($0 / layers - $0 % layers)) })
    }
}

/// How much there is to compare.
struct SimilarityWork {
    let layers: Double
    let rows: Double
    let width: Double

    init(layers: Int, rows: Int, width: Int) {
        (self.layers, self.rows, self.width) = (Double(layers), Double(rows), Double(width))
    }

    init(_ activations: StoredActivations) {
        self.init(
            layers: activations.boundaries - 1, rows: activations.count, width: activations.width)
    }

    /// Distances of all rows of a layer, and what a decomposition of them takes.
    var embedding: Work { Work(operations: layers * rows * rows * (2 * width + 10 * rows)) }

    /// All pairs of layers, each by all pairs of rows.
    func comparison(width: Int) -> Work {
        Work(operations: layers * (layers + 1) / 2 * rows * rows * Double(2 * width))
    }
}

struct SimilarityStage: Stage {
    let name = "similarity"
    var version: Int { measure.version }
    let measure: any SimilarityMeasure
    let parameters: Parameters
    let source: Source
    let numerics: Numerics
    let layers: Int

    /// What it reads.
    enum Source {
        case embeddings(StoredEmbeddings, any EmbeddedMeasure)
        case activations(StoredActivations)
    }

    var inputs: StageInputs {
        switch source {
        case .embeddings(let stored, _): stored.result.asInputs
        case .activations(let stored): stored.result.asInputs
        }
    }

    var params: KeyJSON {
        [
            "measure": .string(measure.name), "numerics": numerics.key,
            "parameters": parameters.canonical(),
        ]
    }

    var detail: String { "\(measure.name), \(layers) layers" }

    var kind: String { "\(name) \(measure.name)" }

    var work: Work {
        switch source {
        case .embeddings(let stored, _): stored.work.comparison(width: 2)
        case .activations(let stored): SimilarityWork(stored).comparison(width: stored.width)
        }
    }

    /// Embeddings are some numbers for each sample: not worth a plan.
    var plannedPeak: Int? {
        switch source {
        case .embeddings: nil
        case .activations(let stored):
            measure.peakByteCount(stored.shape, SimilarityParameters(parameters))
                + stored.shape.heldByteCount
        }
    }

    func compute(_ outputs: inout StageOutputs, _ cache: StageCache) throws {
        try cache.progress.checkpoint()
        try IdentifiedSimilarity.put(try matrix(), into: &outputs)
    }

    func decode(_ stored: StageResult) throws -> IdentifiedSimilarity {
        try IdentifiedSimilarity(measure, reading: stored)
    }

    func assumed(_ unknown: StageResult) -> IdentifiedSimilarity {
        IdentifiedSimilarity(measure, assuming: layers, unknown)
    }

    private func matrix() throws -> SimilarityMatrix {
        let settings = SimilarityParameters(parameters)
        switch source {
        case .activations(let stored):
            return try measure.similarity(of: stored.all, parameters: settings)
        case .embeddings(let stored, let measure):
            let embeddings = try stored.read()
            let matrix = try measure.compare(embeddings.coordinates, settings)
            return SimilarityMatrix(
                size: matrix.size, values: matrix.values,
                warnings: embeddings.warnings + matrix.warnings,
                conditionNumbers: embeddings.conditionNumbers)
        }
    }
}
