// The layers of least block influence are dropped.

import Catalogue

extension Method {
    static let shortgpt = Method(.shortgpt) { input in
        RedundantLayers.single(try input.needed(), removing: try input.removed())
    }
}
