// The layers of least block influence are dropped.

import Catalogue

extension Method {
    static let shortgpt = Method(
        .shortgpt, requires: { _ in Requirements(similarity: true) }
    ) { input in
        RedundantLayers.single(try input.needed(), removing: try input.removed())
    }
}
