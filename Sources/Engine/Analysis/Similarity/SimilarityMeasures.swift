// The measures this build computes, by the names that manifests use. A new one is a file of its own
// and a line here.

/// Every measure; docs/METHODS.md has their formulas and sources.
package enum SimilarityMeasures {
    package static let all: [any SimilarityMeasure] = [
        PaperNPIB(), OfficialNPIB(), CosineSimilarity(), EuclideanSimilarity(),
        MahalanobisSimilarity(), CenteredKernelAlignment(), BlockInfluence(), AngularSimilarity(),
        NeighbourMap(), Autoencoder(),
    ]

    /// The measure of this name.
    package static func find(_ name: String) throws(AnalysisError) -> any SimilarityMeasure {
        guard let found = all.first(where: { $0.name == name }) else {
            throw .unknownMeasure(name: name, known: all.map(\.name))
        }
        return found
    }
}
