// Drops by measured loss.

import Catalogue

extension Method {
    static let sleb = Method(.sleb) { try $0.droppedByLoss() }
}
