// The fields of the form by name, made from what the catalogue declares: a parameter that is added
// there is here at once.

import Catalogue

/// One choice of the catalogue with what it may be told: a fieldset of the form.
struct ParameterGroup: Sendable {
    /// Of the names of its fields.
    let prefix: String
    let name: String
    let summary: String
    let parameters: [ParameterDeclaration]

    init(_ prefix: String, _ declaration: any Declaration, _ more: [ParameterDeclaration] = []) {
        self.prefix = "\(prefix).\(declaration.name)"
        name = declaration.name
        summary = declaration.summary
        parameters = more + declaration.parameters
    }

    func field(_ parameter: ParameterDeclaration) -> String { "\(prefix).\(parameter.name)" }
}

/// What the form offers.
enum SubmitOffer {
    static let methods = Offer.methods.map { ParameterGroup("m", $0) }
    /// A mixture has a list of sets: that is for the editor.
    static let datasets = Offer.datasets.filter { $0.source != .parts }
        .map { ParameterGroup("d", $0, $0.common) }
    static let measures = Offer.similarities.map { ParameterGroup("s", $0) }
    static let tasks = Offer.tasks.map { ParameterGroup("t", $0) }
    static let quantizations = Offer.quantizations.map { ParameterGroup("q", $0, Offer.quantize) }
    static let exports = Offer.exports.map { ParameterGroup("e", $0) }
    /// Chosen as one or several by these fields.
    static let all: [(chooser: String, groups: [ParameterGroup])] = [
        ("method", methods), ("dataset", datasets), ("similarity", measures), ("task", tasks),
        ("quantize", quantizations), ("export", exports),
    ]
}

/// What somebody filled in.
package struct SubmitFields: Sendable, Equatable {
    private var values: [String: [String]] = [:]

    /// Longer values are cut: no field of the form holds as much.
    private static let valueBytesMax = 8_192

    private static let single = [
        "name", "model", "priority", "amount", "amount_value", "representation", "compute",
    ]

    private static var names: [String] {
        single + Offer.output.map { "o.\($0.name)" }
            + SubmitOffer.all.flatMap { chooser, groups in
                [chooser] + groups.flatMap { group in group.parameters.map(group.field) }
            }
    }

    /// - Parameter read: gives the values of a field's name. Only names of the form are asked for.
    package init(_ read: (String) -> [String]) {
        for name in Self.names {
            let found = read(name).prefix(64).map { Self.clean($0) }.filter { !$0.isEmpty }
            if !found.isEmpty { values[name] = found }
        }
    }

    /// A first fold of any model, as `layerfold init` writes it.
    package static let initial = SubmitFields { name in
        switch name {
        case "method": ["fold"]
        case "amount": ["ratios"]
        case "amount_value": ["0.25"]
        case "dataset": ["self"]
        case "d.self.max_tokens": ["256"]
        case "task": ["perplexity", "divergence"]
        case "t.perplexity.path", "t.divergence.path": [Offer.builtInPrefix + "heldout.txt"]
        case "m.fold.tuning_steps": ["0"]
        default: []
        }
    }

    /// The first value; empty where there is none.
    subscript(name: String) -> String { values[name]?.first ?? "" }

    func all(_ name: String) -> [String] { values[name] ?? [] }

    func has(_ name: String, _ value: String) -> Bool { all(name).contains(value) }

    private static func clean(_ text: String) -> String {
        var text = Substring(String(decoding: text.utf8.prefix(valueBytesMax), as: UTF8.self))
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
