// What is wrong with a field of a JSON line, for messages.

package import Checkpoint

extension JSONObject {
    /// Why a field is not what it should be: it is missing, or something else.
    package func unfit(_ key: String, expected: String) -> String {
        guard let value = self[key] else {
            return "has no field \(quoted(key)) with \(expected); it has "
                + (keys.isEmpty ? "none" : keys.sorted().map(quoted).joined(separator: ", "))
        }
        return "field \(quoted(key)) should be \(expected); it is \(value.described)"
    }
}

extension JSONValue {
    fileprivate var described: String {
        switch self {
        case .bool(let flag): String(flag)
        case .number(let number): "the number \(quoted(number.token))"
        case .string(let text): "the text \(quoted(text))"
        case .array(let elements): "a list of \(elements.count)"
        case .null, .object: kind
        }
    }
}
