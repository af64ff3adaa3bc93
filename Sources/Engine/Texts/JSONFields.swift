// What is wrong with a field of a JSON line, for messages.

package import JSON

extension JSONObject {
    /// Why a field is not what it should be: it is missing, or something else.
    package func unfit(_ key: String, expected: String) -> String {
        guard let value = self[key] else {
            return "has no field \(quoted(key)) with \(expected); it has "
                + (keys.isEmpty ? "none" : keys.sorted().map(quoted).joined(separator: ", "))
        }
        return "field \(quoted(key)) should be \(expected); it is \(value.shown)"
    }
}
