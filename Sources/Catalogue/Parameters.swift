// The parameters of one use of a method, measure, data set or task: every default filled in.

/// Values by name. Reading a parameter that the declaration does not have, or as another kind, is
/// a mistake of ours and traps: values come from the manifest parser or from `completed`.
package struct Parameters: Sendable, Hashable {
    package private(set) var values: [String: ParameterValue]

    package init(_ values: [String: ParameterValue] = [:]) {
        self.values = values
    }

    package subscript(name: String) -> ParameterValue? {
        get { values[name] }
        set { values[name] = newValue }
    }

    package func number(_ name: String) -> Double {
        require(values[name]?.number, name, "a number")
    }

    package func integer(_ name: String) -> Int {
        require(values[name]?.integer, name, "a whole number")
    }

    package func flag(_ name: String) -> Bool {
        require(values[name]?.flag, name, "true or false")
    }

    package func text(_ name: String) -> String {
        require(values[name]?.text, name, "a word")
    }

    package func integers(_ name: String) -> [Int] {
        require(values[name]?.integers, name, "a list of whole numbers")
    }

    private func require<Value>(_ value: Value?, _ name: String, _ kind: String) -> Value {
        guard let value else {
            preconditionFailure(
                "parameter \(name) is read as \(kind), but is \(String(describing: values[name]))")
        }
        return value
    }

    /// True where `declaration` has no condition, or the condition holds for these values.
    package func allows(_ declaration: ParameterDeclaration) -> Bool {
        guard let condition = declaration.onlyWith else { return true }
        return values[condition.parameter].map(condition.values.contains) ?? false
    }

    /// These values, typed as declared, with the declared defaults in place of what is missing.
    /// A missing required parameter stays missing. Conditions and `sameAs` look at parameters
    /// that are declared earlier in the list.
    package func completed(with declarations: [ParameterDeclaration]) -> Parameters {
        var result = self
        for declaration in declarations {
            if let value = result[declaration.name] {
                result[declaration.name] = declaration.typed(value)
                continue
            }
            guard result.allows(declaration) else { continue }
            switch declaration.defaultValue {
            case .value(let value): result[declaration.name] = value
            case .sameAs(let other): result[declaration.name] = result[other]
            case .required, .absent: break
            }
        }
        return result
    }
}

extension Parameters {
    /// Whether a budget may be met by narrower MLPs, too.
    package var narrows: Bool { values["narrow"]?.flag ?? false }
}
