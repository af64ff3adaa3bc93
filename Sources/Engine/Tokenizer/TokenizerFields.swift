// Typed access to the fields of a JSON object, with errors that name the place.

import JSON

/// An object of tokenizer.json, and where it stands in the file.
struct TokenizerFields {
    let place: String
    private let object: JSONObject

    /// Components that one list may hold; known files have at most six.
    static let listMax = 64
    /// Steps that lists within lists come to; known files have at most ten.
    static let stepsMax = 256

    init(_ value: JSONValue, place: String) throws(TokenizerError) {
        guard case .object(let object) = value else {
            throw .wrongValue(place: place, expected: "an object", found: value.shown)
        }
        self.place = place
        self.object = object
    }

    /// All fields, in the order of the file.
    var members: JSONObject { object }

    func place(of key: String) -> String {
        place.isEmpty ? key : "\(place).\(key)"
    }

    /// The value, nil where it is missing or null.
    func optional(_ key: String) -> JSONValue? {
        let value = object[key]
        return value == .null ? nil : value
    }

    func required(_ key: String) throws(TokenizerError) -> JSONValue {
        guard let value = optional(key) else { throw .missingField(place: place(of: key)) }
        return value
    }

    func object(_ key: String) throws(TokenizerError) -> TokenizerFields {
        try TokenizerFields(required(key), place: place(of: key))
    }

    func string(_ key: String) throws(TokenizerError) -> String {
        let value = try required(key)
        guard case .string(let string) = value else {
            throw .wrongValue(place: place(of: key), expected: "a string", found: value.shown)
        }
        return string
    }

    func bytes(_ key: String) throws(TokenizerError) -> [UInt8] { Array(try string(key).utf8) }

    func optionalBytes(_ key: String) throws(TokenizerError) -> [UInt8]? {
        optional(key) == nil ? nil : try bytes(key)
    }

    /// A string of exactly one scalar value.
    func character(_ key: String) throws(TokenizerError) -> [UInt8] {
        let string = try string(key)
        guard string.unicodeScalars.count == 1 else {
            throw .wrongValue(
                place: place(of: key), expected: "one character", found: quoted(string))
        }
        return Array(string.utf8)
    }

    /// - Parameter fallback: for a field that is missing or null; nil if it is needed.
    func bool(_ key: String, default fallback: Bool? = nil) throws(TokenizerError) -> Bool {
        if let fallback, optional(key) == nil { return fallback }
        let value = try required(key)
        guard case .bool(let bool) = value else {
            throw .wrongValue(place: place(of: key), expected: "true or false", found: value.shown)
        }
        return bool
    }

    func integer(_ key: String, in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
        try Self.integer(required(key), in: range, place: place(of: key))
    }

    func array(_ key: String) throws(TokenizerError) -> [JSONValue] {
        let value = try required(key)
        guard case .array(let values) = value else {
            throw .wrongValue(place: place(of: key), expected: "a list", found: value.shown)
        }
        return values
    }

    /// The components of a list, each as an object that knows its place.
    func components(_ key: String) throws(TokenizerError) -> [TokenizerFields] {
        let values = try array(key)
        guard values.count <= Self.listMax else {
            throw .wrongValue(
                place: place(of: key), expected: "at most \(Self.listMax) components",
                found: "\(values.count)")
        }
        var fields: [TokenizerFields] = []
        for (index, value) in values.enumerated() {
            fields.append(try TokenizerFields(value, place: "\(place(of: key))[\(index)]"))
        }
        return fields
    }

    /// A string that is one of the raw values of a type.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String
    ) throws(TokenizerError) -> Choice where Choice.RawValue == String {
        let name = try string(key)
        guard let choice = Choice(rawValue: name) else {
            let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .wrongValue(place: place(of: key), expected: known, found: quoted(name))
        }
        return choice
    }

    static func integer(
        _ value: JSONValue, in range: ClosedRange<Int>, place: @autoclosure () -> String
    ) throws(TokenizerError) -> Int {
        guard let integer = value.integer, range.contains(integer) else {
            throw .wrongValue(
                place: place(), expected: "a whole number in \(range)", found: value.shown)
        }
        return integer
    }
}
