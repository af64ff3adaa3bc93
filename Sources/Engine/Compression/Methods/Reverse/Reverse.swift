// Keeps the first layers.

import Catalogue

extension Method {
    static let reverse = Method(.reverse) { input in
        .keeping(Array(0..<input.count - (try input.removed())), of: input.count)
    }
}
