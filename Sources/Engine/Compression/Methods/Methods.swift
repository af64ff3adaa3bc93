// The methods this build has, a folder for each.

import Catalogue

extension Method {
    /// One for each of `Offer.methods`.
    package static let all: [Method] = [
        .mka, .mkaOfficial, .shortgpt, .angular, .sleb, .fold, .replaceme, .laco, .come,
        .sparsegpt, .reverse, .passthrough,
    ]

    /// The method of a name that is offered.
    package static func named(_ name: String) -> Method {
        guard let method = all.first(where: { $0.declaration.name == name }) else {
            preconditionFailure("method \(name) is offered and has no planner")
        }
        return method
    }
}
