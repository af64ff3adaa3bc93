// Drops by measured loss.

import Catalogue

extension Method {
    static let sleb = Method(
        .sleb, requires: { Requirements(removals: RemovalSearch($0)) }
    ) { try $0.droppedByLoss() }
}
