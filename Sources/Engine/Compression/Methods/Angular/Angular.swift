// The contiguous block of greatest angular similarity is dropped.

import Catalogue

extension Method {
    static let angular = Method(
        .angular, requires: { _ in Requirements(similarity: true) }
    ) { input in
        RedundantLayers.contiguous(try input.needed(), removing: try input.removed())
    }
}
