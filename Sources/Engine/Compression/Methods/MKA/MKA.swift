// Pairwise folds as the parameters say.

import Catalogue

extension Method {
    static let mka = Method(.mka, requires: { _ in Requirements(similarity: true) }) { input in
        let parameters = input.parameters
        let weight: MergeWeight =
            parameters.text("weights") == "fixed"
            ? .fixed(parameters.number("lambda"))
            : parameters.text("reading") == "official" ? .official : .adaptive
        return try input.merged(
            by: PairwiseMerging(
                order: parameters.text("order") == "reverse" ? .reverse : .similarity,
                scope: parameters.text("pairs") == "any" ? .any : .adjacent, weight: weight,
                foldsNorms: parameters.flag("norms")))
    }
}
