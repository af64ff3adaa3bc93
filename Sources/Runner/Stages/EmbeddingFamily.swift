// The two readings of NPIB, each with an embedding and a comparison of embeddings; and how job
// parameters become the measures' own.

import Analysis
import Catalogue
import TensorMath

/// Embeddings of one model's layers.
struct LayerEmbeddings {
    /// [samples, dimensions] for each layer.
    var coordinates: [DoubleMatrix]
    var conditionNumbers: [Double]
    var warnings: [String]
}

/// A measure that compares manifold embeddings.
enum EmbeddingFamily: String {
    case paper
    case official

    /// nil for measures that compare activations directly.
    init?(measure: String) {
        switch measure {
        case "npib": self = .paper
        case "npib-official": self = .official
        default: return nil
        }
    }

    func embed(
        _ boundaries: LayerBoundaries, _ parameters: SimilarityParameters
    ) throws -> LayerEmbeddings {
        switch self {
        case .paper:
            let embeddings = try PaperNPIB.embeddings(of: boundaries, parameters: parameters)
            return LayerEmbeddings(
                coordinates: embeddings.map(\.coordinates),
                conditionNumbers: embeddings.map(\.conditionNumber),
                warnings: EmbeddingWarnings.summary(embeddings.map(\.warnings)))
        case .official:
            let embeddings = try OfficialNPIB.embeddings(of: boundaries, parameters: parameters)
            return LayerEmbeddings(
                coordinates: embeddings.map(\.ranked),
                conditionNumbers: embeddings.map(\.conditionNumber), warnings: [])
        }
    }

    func compare(
        _ coordinates: [DoubleMatrix], _ parameters: SimilarityParameters
    ) throws -> SimilarityMatrix {
        switch self {
        case .paper:
            return try PaperNPIB.similarity(ofCoordinates: coordinates, parameters: parameters)
        case .official:
            return try OfficialNPIB.similarity(ofRanks: coordinates, parameters: parameters)
        }
    }
}

extension SimilarityParameters {
    /// From a job's parameters; what the job does not say keeps the measure's default.
    init(_ parameters: Parameters) {
        self.init()
        let values = parameters.values
        if values["sigma"]?.text == "median" {
            sigma = .median
        } else if let width = values["sigma"]?.number {
            sigma = .fixed(width)
        }
        if let dimensions = values["dimensions"]?.integer { self.dimensions = dimensions }
        if let neighbours = values["neighbours"]?.integer { self.neighbours = neighbours }
        if let neighbours = values["entropy_neighbours"]?.integer {
            entropyNeighbours = neighbours
            officialEntropyNeighbours = neighbours
        }
        if let ridge = values["ridge"]?.number { self.ridge = ridge }
        if let unbiased = values["unbiased"]?.flag { self.unbiased = unbiased }
        if let perplexity = values["perplexity"]?.number { self.perplexity = perplexity }
        if let width = values["code_width"]?.integer { codeWidth = width }
        if let steps = values["steps"]?.integer { self.steps = steps }
        if let seed = values["seed"]?.integer.flatMap(UInt32.init(exactly:)) { self.seed = seed }
    }
}
