// How the parameters of a job become those of a measure.

import Analysis
import Catalogue

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
