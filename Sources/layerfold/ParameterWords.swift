// What a parameter accepts and what stands for it where it is left out, in words.

import Catalogue

extension ParameterKind {
    var words: String {
        switch self {
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .numberOrWord(let range, let words):
            "a number from \(range.lowerBound) to \(range.upperBound), or "
                + words.joined(separator: ", ")
        case .integer(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .oneOf(let numbers): numbers.map { "\($0)" }.joined(separator: " | ")
        case .integerOrWord(let range, let words):
            "a whole number from \(range.lowerBound) to \(range.upperBound), or "
                + words.joined(separator: ", ")
        case .choice(let words): words.joined(separator: " | ")
        case .flag: "true | false"
        case .text: "a text"
        case .path: "a path"
        case .textPath: "a path, or a built-in text"
        case .integers(let range, _):
            "whole numbers from \(range.lowerBound) to \(range.upperBound)"
        }
    }
}

extension ParameterDefault {
    var words: String {
        switch self {
        case .required: "required"
        case .value(let value): "\(value)"
        case .sameAs(let other): "as \(other)"
        case .absent(let meaning): meaning
        }
    }
}
