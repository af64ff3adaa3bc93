// What a method, measure, task or data set may be told: name, kind, default, unit, meaning.

/// The values a parameter accepts.
package enum ParameterKind: Sendable, Equatable {
    /// A finite number in the range; a whole number is accepted too.
    case number(ClosedRange<Double>)
    /// A number as above, or one of these words.
    case numberOrWord(ClosedRange<Double>, [String])
    /// A whole number in the range.
    case integer(ClosedRange<Int>)
    /// One of these whole numbers.
    case oneOf([Int])
    /// A whole number in the range, or one of these words.
    case integerOrWord(ClosedRange<Int>, [String])
    /// One of these words.
    case choice([String])
    case flag
    case text
    /// A file or folder, below the configured roots.
    case path
    /// A file of text below the configured roots, or a built-in text.
    case textPath
    /// A list of whole numbers, each in the range.
    case integers(ClosedRange<Int>, canRepeat: Bool)
}

/// What stands for a parameter that the manifest leaves out.
package enum ParameterDefault: Sendable, Equatable {
    /// The manifest must give it.
    case required
    case value(ParameterValue)
    /// The value of another parameter of the same list, which stands before it.
    case sameAs(String)
    /// Left out of the description; the text says what that means.
    case absent(String)
}

/// One parameter.
package struct ParameterDeclaration: Sendable, Equatable {
    /// A parameter matters only where another one has one of certain values.
    package struct Condition: Sendable, Equatable {
        package let parameter: String
        package let values: [ParameterValue]

        /// `weights: gradient or bayesian`.
        package var words: String {
            parameter + ": " + values.map { "\($0)" }.joined(separator: " or ")
        }
    }

    package let name: String
    package let kind: ParameterKind
    package let defaultValue: ParameterDefault
    package let unit: String?
    package let meaning: String
    /// Where set: refused by manifests, and left out of descriptions, unless the condition holds.
    package let onlyWith: Condition?

    init(
        _ name: String, _ kind: ParameterKind, default defaultValue: ParameterDefault,
        unit: String? = nil, onlyWith: Condition? = nil, _ meaning: String
    ) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.unit = unit
        self.onlyWith = onlyWith
        self.meaning = meaning
    }

    /// The value in this parameter's kind: JSON writes the number 1.0 as 1, and this makes it a
    /// number again. Values that do not fit the kind stay as they are.
    package func typed(_ value: ParameterValue) -> ParameterValue {
        switch kind {
        case .number, .numberOrWord: value.number.map { .number($0) } ?? value
        default: value
        }
    }
}

extension ParameterDeclaration.Condition {
    static func when(_ parameter: String, is words: String...) -> Self {
        Self(parameter: parameter, values: words.map { .text($0) })
    }
}

extension ParameterDefault {
    static func number(_ value: Double) -> Self { .value(.number(value)) }
    static func integer(_ value: Int) -> Self { .value(.integer(value)) }
    static func flag(_ value: Bool) -> Self { .value(.flag(value)) }
    static func word(_ value: String) -> Self { .value(.text(value)) }
}
