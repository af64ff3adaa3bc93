// Pairwise folds as the published code makes them.

import Catalogue

extension Method {
    static let mkaOfficial = Method(
        .mkaOfficial, requires: { _ in Requirements(similarity: true) }
    ) { input in
        try input.merged(
            by: PairwiseMerging(
                order: .reverse, weight: .official, foldsNorms: input.parameters.flag("norms")))
    }
}
