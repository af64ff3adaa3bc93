// Parameters of a job as canonical JSON, for keys.

import Catalogue
package import JSON

/// The JSON that keys are made of.
package typealias KeyJSON = CanonicalJSON

extension Parameters {
    /// The named parameters; those without a value are left out.
    func canonical(_ names: [String]? = nil) -> KeyJSON {
        var members: [String: KeyJSON] = [:]
        for (name, value) in values where names?.contains(name) ?? true {
            members[name] = value.canonical
        }
        return .object(members)
    }
}

extension ParameterValue {
    fileprivate var canonical: KeyJSON {
        switch self {
        case .number(let value): .decimal(value)
        case .integer(let value): .integer(value)
        case .flag(let value): .bool(value)
        case .text(let value): .string(value)
        case .integers(let values): .array(values.map { .integer($0) })
        }
    }
}
