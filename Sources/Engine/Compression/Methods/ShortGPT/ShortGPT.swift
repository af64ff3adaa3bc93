// The layers of least block influence are dropped.

import Analysis
import Catalogue

extension Method {
    static let shortgpt = Method(
        .shortgpt, requires: { _ in Requirements(similarity: true) }
    ) { input in
        let similarity = try input.needed()
        return try input.dropped(by: (0..<similarity.size).map { similarity[$0, $0] })
    }
}
